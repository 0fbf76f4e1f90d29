"""Another right 2.9, of the same earlier modules: every part leaves behind a function that takes its gradient back."""

from minillm.transformer import ffn_np, mha_np, norm_np


class _Forward:
    """Runs the parts of one block; `undo` of each adds to `grads` and returns the gradient of what the part read."""

    def __init__(self, params, n_heads, norm, rope):
        self.params, self.n_heads, self.norm, self.rope = params, n_heads, norm, rope

    def _part(self, forward, backward, x, names, *more):
        y, cache = forward(x, *[self.params[name] for name in names], *more)

        def undo(dy, grads):
            dx, *found = backward(dy, cache)
            for name, gradient in zip(names, found, strict=True):
                grads[name] = gradient
            return dx

        return y, undo

    def normed(self, which, x):
        if self.norm == "rms":
            return self._part(norm_np.rmsnorm_forward, norm_np.rmsnorm_backward, x, [f"{which}.weight"])
        names = [f"{which}.weight", f"{which}.bias"]
        return self._part(norm_np.layernorm_forward, norm_np.layernorm_backward, x, names)

    def attention(self, x):
        names = [f"attn.{one}.weight" for one in ("q_proj", "k_proj", "v_proj", "output_proj")]
        return self._part(mha_np.mha_forward, mha_np.mha_backward, x, names, self.n_heads, self.rope)

    def feed_forward(self, x):
        names = [f"ffn.w{one}.weight" for one in (1, 2, 3)]
        return self._part(ffn_np.swiglu_forward, ffn_np.swiglu_backward, x, names)

    def before(self, which, part, x):
        h, undo_norm = self.normed(which, x)
        added, undo_part = part(h)
        return x + added, lambda dy, grads: dy + undo_norm(undo_part(dy, grads), grads)

    def after(self, which, part, x):
        added, undo_part = part(x)
        y, undo_norm = self.normed(which, x + added)

        def undo(dy, grads):
            both = undo_norm(dy, grads)
            return both + undo_part(both, grads)

        return y, undo


def block_forward(x, params, n_heads, norm="rms", pre_norm=True, rope=None):
    if norm not in ("rms", "layer"):
        raise ValueError(norm)
    run = _Forward(params, n_heads, norm, rope)
    half = run.before if pre_norm else run.after
    z, undo_first = half("ln1", run.attention, x)
    y, undo_second = half("ln2", run.feed_forward, z)
    return y, (x.shape, undo_first, undo_second)


def block_backward(dy, cache):
    shape, undo_first, undo_second = cache
    if dy.shape != shape:
        raise ValueError(dy.shape)
    grads = {}
    dz = undo_second(dy, grads)
    return undo_first(dz, grads), grads
