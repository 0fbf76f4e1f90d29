"""2.5 in plain Python: lists, math, and no matrix product."""

import math

import numpy as np


def gelu(x, approximate="none"):
    if approximate not in ("none", "tanh"):
        raise ValueError(f"there is no approximation {approximate!r}")
    return over(exact_gelu if approximate == "none" else gpt2_gelu, x)


def silu(x):
    return over(lambda v: v * sigmoid(v), x)


def swiglu_d_ff(d, multiple_of=64):
    below = 8 * d // (3 * multiple_of) * multiple_of
    # three times the distances, to stay with whole numbers
    nearest = below if 8 * d - 3 * below < 3 * (below + multiple_of) - 8 * d else below + multiple_of
    return max(nearest, multiple_of)


def swiglu_forward(x, W1, W2, W3):
    demand(W1.ndim == 2 and W1.shape[1] == x.shape[-1] and W3.shape == W1.shape and W2.shape == W1.shape[::-1])
    gates, values, ys = [], [], []
    for row in rows(x):
        gate = [dot(w, row) for w in W1.tolist()]
        value = [dot(w, row) for w in W3.tolist()]
        inner = [g * sigmoid(g) * v for g, v in zip(gate, value, strict=True)]
        gates.append(gate)
        values.append(value)
        ys.append([dot(w, inner) for w in W2.tolist()])
    return np.array(ys, dtype=x.dtype).reshape(x.shape), (x, W1, W2, W3, gates, values)


def swiglu_backward(dy, cache):
    x, W1, W2, W3, gates, values = cache
    d_ff, d = W1.shape
    dx, dW1, dW2, dW3 = [], np.zeros((d_ff, d)), np.zeros((d, d_ff)), np.zeros((d_ff, d))
    for row, up, gate, value in zip(rows(x), rows(dy), gates, values, strict=True):
        dx_row = [0.0] * d
        for j in range(d_ff):
            s = sigmoid(gate[j])
            opened = gate[j] * s
            arriving = sum(up[i] * float(W2[i, j]) for i in range(d))
            to_gate = arriving * value[j] * (s + gate[j] * s * (1 - s))
            to_value = arriving * opened
            for i in range(d):
                dW2[i, j] += up[i] * opened * value[j]
                dW1[j, i] += to_gate * row[i]
                dW3[j, i] += to_value * row[i]
                dx_row[i] += to_gate * float(W1[j, i]) + to_value * float(W3[j, i])
        dx.append(dx_row)
    return (np.array(dx, dtype=x.dtype).reshape(x.shape), *(one.astype(x.dtype) for one in (dW1, dW2, dW3)))


def ffn_forward(x, W1, b1, W2, b2):
    demand(W1.ndim == 2 and W1.shape[1] == x.shape[-1] and W2.shape == W1.shape[::-1])
    demand(b1.shape == W1.shape[:1] and b2.shape == W2.shape[:1])
    hidden, ys = [], []
    for row in rows(x):
        h = [dot(w, row) + b for w, b in zip(W1.tolist(), b1.tolist(), strict=True)]
        active = [exact_gelu(v) for v in h]
        hidden.append(h)
        ys.append([dot(w, active) + b for w, b in zip(W2.tolist(), b2.tolist(), strict=True)])
    return np.array(ys, dtype=x.dtype).reshape(x.shape), (x, W1, W2, hidden)


def ffn_backward(dy, cache):
    x, W1, W2, hidden = cache
    d_ff, d = W1.shape
    dx, dW1, db1, dW2, db2 = [], np.zeros((d_ff, d)), np.zeros(d_ff), np.zeros((d, d_ff)), np.zeros(d)
    for row, up, h in zip(rows(x), rows(dy), hidden, strict=True):
        dx_row = [0.0] * d
        db2 += up
        for j in range(d_ff):
            slope = phi(h[j]) + h[j] * math.exp(-(h[j] ** 2) / 2) / math.sqrt(2 * math.pi)
            to_hidden = sum(up[i] * float(W2[i, j]) for i in range(d)) * slope
            db1[j] += to_hidden
            for i in range(d):
                dW2[i, j] += up[i] * exact_gelu(h[j])
                dW1[j, i] += to_hidden * row[i]
                dx_row[i] += to_hidden * float(W1[j, i])
        dx.append(dx_row)
    return (np.array(dx, dtype=x.dtype).reshape(x.shape), *(one.astype(x.dtype) for one in (dW1, db1, dW2, db2)))


def demand(fits):
    if not fits:
        raise ValueError("these shapes do not belong together")


def rows(x):
    return x.reshape(-1, x.shape[-1]).tolist()


def dot(a, b):
    return math.fsum(p * q for p, q in zip(a, b, strict=True))


def over(function, x):
    return np.array([function(v) for v in x.ravel().tolist()], dtype=x.dtype).reshape(x.shape)


def sigmoid(v):
    return 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v))


def phi(v):
    return (1 + math.erf(v / math.sqrt(2))) / 2


def exact_gelu(v):
    return v * phi(v)


def gpt2_gelu(v):
    return 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v * v * v)))
