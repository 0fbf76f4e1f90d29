"""The block as a program for a stack: keep, go through the parts, add what was kept. Backward runs it from its end."""

from minillm.transformer.ffn_np import swiglu_backward, swiglu_forward
from minillm.transformer.mha_np import mha_backward, mha_forward
from minillm.transformer.norm_np import layernorm_backward, layernorm_forward, rmsnorm_backward, rmsnorm_forward

ATTENTION = [f"attn.{name}_proj.weight" for name in ("q", "k", "v", "output")]
SWIGLU = ["ffn.w1.weight", "ffn.w2.weight", "ffn.w3.weight"]
PRE = ["keep", "ln1", "attn", "add", "keep", "ln2", "ffn", "add"]
POST = ["keep", "attn", "add", "ln1", "keep", "ffn", "add", "ln2"]


def block_forward(x, params, n_heads, norm="rms", pre_norm=True, rope=None):
    if norm not in ("rms", "layer"):
        raise ValueError(f"no norm is called {norm!r}")
    program = PRE if pre_norm else POST
    kept, caches, v = [], {}, x
    for op in program:
        if op == "keep":
            kept.append(v)
        elif op == "add":
            v = kept.pop() + v
        elif op == "attn":
            v, caches[op] = mha_forward(v, *(params[name] for name in ATTENTION), n_heads, rope)
        elif op == "ffn":
            v, caches[op] = swiglu_forward(v, *(params[name] for name in SWIGLU))
        elif norm == "rms":
            v, caches[op] = rmsnorm_forward(v, params[f"{op}.weight"])
        else:
            v, caches[op] = layernorm_forward(v, params[f"{op}.weight"], params[f"{op}.bias"])
    return v, (program, norm, x.shape, caches)


def block_backward(dy, cache):
    program, norm, shape, caches = cache
    if dy.shape != shape:
        raise ValueError(f"dy is {dy.shape}, y was {shape}")
    grads, waiting, g = {}, [], dy
    for op in reversed(program):
        if op == "add":
            waiting.append(g)
        elif op == "keep":
            g = waiting.pop() + g
        elif op == "attn":
            g, *found = mha_backward(g, caches[op])
            grads.update(zip(ATTENTION, found, strict=True))
        elif op == "ffn":
            g, *found = swiglu_backward(g, caches[op])
            grads.update(zip(SWIGLU, found, strict=True))
        elif norm == "rms":
            g, grads[f"{op}.weight"] = rmsnorm_backward(g, caches[op])
        else:
            g, grads[f"{op}.weight"], grads[f"{op}.bias"] = layernorm_backward(g, caches[op])
    return g, grads
