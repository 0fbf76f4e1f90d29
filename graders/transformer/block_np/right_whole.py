"""Another right 2.9, out of nothing but NumPy: one sequence at a time, every matrix and every head in plain sight."""

import math

import numpy as np

EPS = 1e-5


def norm_rows(x, p, which, norm):
    """y, and what its slope needs: the normed rows and one factor a row."""
    if norm == "layer":
        x = x - x.mean(axis=1, keepdims=True)
    factor = ((x * x).mean(axis=1, keepdims=True) + EPS) ** -0.5
    unit = x * factor
    y = unit * p[f"{which}.weight"]
    return (y + p[f"{which}.bias"] if norm == "layer" else y), (unit, factor)


def norm_slope(dy, kept, p, which, norm, grads):
    unit, factor = kept
    grads[f"{which}.weight"] += (dy * unit).sum(axis=0)
    u = dy * p[f"{which}.weight"]
    if norm == "layer":
        grads[f"{which}.bias"] += dy.sum(axis=0)
        u = u - u.mean(axis=1, keepdims=True)
    return factor * (u - unit * (u * unit).mean(axis=1, keepdims=True))


def turn(x, theta, sign):
    """x (T, d_k), each pair turned by its row's angle; a new array."""
    if theta is None:
        return x
    T, d_k = x.shape
    if d_k % 2:
        raise ValueError("pairs")
    angle = np.arange(T)[:, None] * theta ** (-np.arange(0, d_k, 2) / d_k)
    c, s = np.cos(angle).astype(x.dtype), (sign * np.sin(angle)).astype(x.dtype)
    out = np.empty_like(x)
    out[:, ::2], out[:, 1::2] = x[:, ::2] * c - x[:, 1::2] * s, x[:, ::2] * s + x[:, 1::2] * c
    return out


def heads(p, n_heads):
    """The rows of each head in Wq and Wk, and in Wv."""
    d_k, d_v = len(p["attn.q_proj.weight"]) // n_heads, len(p["attn.v_proj.weight"]) // n_heads
    return [(slice(i * d_k, i * d_k + d_k), slice(i * d_v, i * d_v + d_v)) for i in range(n_heads)]


def attend(x, p, n_heads, rope):
    out, kept = np.zeros_like(x), []
    hidden = np.triu(np.ones((len(x), len(x)), dtype=bool), 1)
    for rows, values in heads(p, n_heads):
        q = turn(x @ p["attn.q_proj.weight"][rows].T, rope, 1)
        k = turn(x @ p["attn.k_proj.weight"][rows].T, rope, 1)
        v = x @ p["attn.v_proj.weight"][values].T
        s = q @ k.T / math.sqrt(q.shape[1])
        s[hidden] = -np.inf
        P = np.exp(s - s.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        out += P @ v @ p["attn.output_proj.weight"][:, values].T
        kept.append((q, k, v, P))
    return out, (x, kept)


def attend_slope(dy, cache, p, n_heads, rope, grads):
    x, kept = cache
    dx = np.zeros_like(x)
    for (rows, values), (q, k, v, P) in zip(heads(p, n_heads), kept, strict=True):
        grads["attn.output_proj.weight"][:, values] += dy.T @ (P @ v)
        do = dy @ p["attn.output_proj.weight"][:, values]
        dP = do @ v.T
        dS = P * (dP - (dP * P).sum(axis=1, keepdims=True)) / math.sqrt(q.shape[1])
        slopes = {"q": turn(dS @ k, rope, -1), "k": turn(dS.T @ q, rope, -1), "v": P.T @ do}
        for name, slope in slopes.items():
            own = values if name == "v" else rows
            grads[f"attn.{name}_proj.weight"][own] += slope.T @ x
            dx += slope @ p[f"attn.{name}_proj.weight"][own]
    return dx


def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def feed(x, p):
    gate, value = x @ p["ffn.w1.weight"].T, x @ p["ffn.w3.weight"].T
    return gate * sigmoid(gate) * value @ p["ffn.w2.weight"].T, (x, gate, value)


def feed_slope(dy, cache, p, grads):
    x, gate, value = cache
    s = sigmoid(gate)
    dh = dy @ p["ffn.w2.weight"]
    dgate, dvalue = dh * value * (s + gate * s * (1 - s)), dh * gate * s
    grads["ffn.w2.weight"] += dy.T @ (gate * s * value)
    grads["ffn.w1.weight"] += dgate.T @ x
    grads["ffn.w3.weight"] += dvalue.T @ x
    return dgate @ p["ffn.w1.weight"] + dvalue @ p["ffn.w3.weight"]


def block_forward(x, params, n_heads, norm="rms", pre_norm=True, rope=None):
    if norm not in ("rms", "layer"):
        raise ValueError(f"no norm is called {norm}")
    p, y, kept = params, np.empty_like(x, order="C"), {}
    for one in np.ndindex(*x.shape[:-2]):
        rows = x[one]
        if pre_norm:
            h, n1 = norm_rows(rows, p, "ln1", norm)
            a, at = attend(h, p, n_heads, rope)
            h, n2 = norm_rows(rows + a, p, "ln2", norm)
            f, ff = feed(h, p)
            y[one] = rows + a + f
        else:
            a, at = attend(rows, p, n_heads, rope)
            z, n1 = norm_rows(rows + a, p, "ln1", norm)
            f, ff = feed(z, p)
            y[one], n2 = norm_rows(z + f, p, "ln2", norm)
        kept[one] = n1, at, n2, ff
    return y, {"shape": x.shape, "p": p, "how": (n_heads, norm, pre_norm, rope), "kept": kept}


def block_backward(dy, cache):
    p, (n_heads, norm, pre_norm, rope) = cache["p"], cache["how"]
    if dy.shape != cache["shape"]:
        raise ValueError("dy does not fit y")
    grads = {name: np.zeros_like(one, order="C") for name, one in p.items()}
    dx = np.empty_like(dy, order="C")
    for one, (n1, at, n2, ff) in cache["kept"].items():
        if pre_norm:
            dz = dy[one] + norm_slope(feed_slope(dy[one], ff, p, grads), n2, p, "ln2", norm, grads)
            dh = attend_slope(dz, at, p, n_heads, rope, grads)
            dx[one] = dz + norm_slope(dh, n1, p, "ln1", norm, grads)
        else:
            dsum = norm_slope(dy[one], n2, p, "ln2", norm, grads)
            dz = dsum + feed_slope(dsum, ff, p, grads)
            dsum = norm_slope(dz, n1, p, "ln1", norm, grads)
            dx[one] = dsum + attend_slope(dsum, at, p, n_heads, rope, grads)
    return dx, grads
