"""2.5 with one product for gate and value, einsum for the rest, and a sigmoid made of tanh."""

from math import erf, pi, sqrt

import numpy as np

ERF = np.vectorize(erf, otypes=[float])


def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def cdf(x):
    return (0.5 + 0.5 * ERF(x / sqrt(2))).astype(x.dtype)


def gelu(x, approximate="none"):
    match approximate:
        case "none":
            return x * cdf(x)
        case "tanh":
            inner = sqrt(2 / pi) * x * (1 + 0.044715 * x * x)
            return x * sigmoid(2 * inner)  # (1 + tanh(u)) / 2 = σ(2u)
    raise ValueError(approximate)


def silu(x):
    return sigmoid(x) * x


def swiglu_d_ff(d, multiple_of=64):
    whole, rest = divmod(16 * d, 6 * multiple_of)
    return multiple_of * max(1, whole + (rest >= 3 * multiple_of))


def swiglu_forward(x, W1, W2, W3):
    if W1.shape != W3.shape or W1.shape[1:] != x.shape[-1:] or W2.shape != (x.shape[-1], W1.shape[0]):
        raise ValueError(f"{x.shape}, {W1.shape}, {W2.shape}, {W3.shape}")
    both = np.concatenate([W1, W3])  # (2·d_ff, d)
    pre = np.einsum("...d,fd->...f", x, both)
    gate, value = np.split(pre, 2, axis=-1)
    hidden = silu(gate) * value
    return np.einsum("...f,df->...d", hidden, W2), {"x": x, "both": both, "W2": W2, "pre": pre}


def swiglu_backward(dy, cache):
    x, both, W2 = cache["x"], cache["both"], cache["W2"]
    gate, value = np.split(cache["pre"], 2, axis=-1)
    s = sigmoid(gate)
    dhidden = np.einsum("...d,df->...f", dy, W2)
    dpre = np.concatenate([dhidden * value * (s + silu(gate) * (1 - s)), dhidden * s * gate], axis=-1)
    d = x.shape[-1]
    dboth = np.einsum("nf,nd->fd", dpre.reshape(-1, len(both)), x.reshape(-1, d))
    dW2 = np.einsum("nd,nf->df", dy.reshape(-1, d), (silu(gate) * value).reshape(-1, len(both) // 2))
    dW1, dW3 = np.split(dboth, 2)
    return np.einsum("...f,fd->...d", dpre, both), dW1, dW2, dW3


def ffn_forward(x, W1, b1, W2, b2):
    d, d_ff = x.shape[-1], W1.shape[0]
    if [W1.shape, b1.shape, W2.shape, b2.shape] != [(d_ff, d), (d_ff,), (d, d_ff), (d,)]:
        raise ValueError("W1 (d_ff, d), b1 (d_ff,), W2 (d, d_ff), b2 (d,)")
    flat = x.reshape(-1, d)
    h = np.einsum("nd,fd->nf", flat, W1) + b1
    y = np.einsum("nf,df->nd", gelu(h), W2) + b2
    return y.reshape(x.shape), [flat, W1, W2, h]


def ffn_backward(dy, cache):
    flat, W1, W2, h = cache
    up = dy.reshape(flat.shape)
    dh = np.einsum("nd,df->nf", up, W2) * (cdf(h) + h * np.exp(-0.5 * np.square(h)) / sqrt(2 * pi))
    dx = np.einsum("nf,fd->nd", dh, W1).reshape(dy.shape)
    return dx, np.einsum("nf,nd->fd", dh, flat), dh.sum(0), np.einsum("nd,nf->df", up, gelu(h)), up.sum(0)
