"""Another right 2.1: one vector at a time, exact sums, copies in the cache; the table's gradient from a dict."""

import itertools
import math

import numpy as np


def linear_forward(x, W, b=None):
    out, width = W.shape
    if x.shape[-1] != width or (b is not None and b.shape != (out,)):
        raise ValueError("the shapes do not fit")
    y = np.empty((*x.shape[:-1], out), dtype=x.dtype)
    for place in np.ndindex(x.shape[:-1]):
        for o in range(out):
            terms = [float(v) * float(w) for v, w in zip(x[place], W[o], strict=True)]
            y[(*place, o)] = math.fsum([*terms, 0.0 if b is None else float(b[o])])
    return y, {"x": x.copy(), "W": W.copy(), "bias": b is not None}


def linear_backward(dy, cache):
    x, W = cache["x"], cache["W"]
    places = list(np.ndindex(x.shape[:-1]))
    dx, dW = np.empty_like(x), np.empty_like(W)
    for place in places:
        for i in range(W.shape[1]):
            dx[(*place, i)] = math.fsum(float(g) * float(w) for g, w in zip(dy[place], W[:, i], strict=True))
    for o, i in itertools.product(*map(range, W.shape)):
        dW[o, i] = math.fsum(float(dy[(*place, o)]) * float(x[(*place, i)]) for place in places)
    if not cache["bias"]:
        return dx, dW, None
    sums = [math.fsum(float(dy[(*place, o)]) for place in places) for o in range(W.shape[0])]
    return dx, dW, np.array(sums, dtype=dy.dtype)


def embedding_forward(ids, E, padding_idx=None):
    if not np.issubdtype(ids.dtype, np.integer):
        raise IndexError("ids must be whole numbers")
    y = np.empty((*ids.shape, E.shape[1]), dtype=E.dtype)
    for place in np.ndindex(ids.shape):
        if not 0 <= ids[place] < len(E):
            raise IndexError(int(ids[place]))
        y[place] = E[int(ids[place])]
    return y, [ids.copy(), E.shape, padding_idx]


def embedding_backward(dy, cache):
    ids, shape, padding_idx = cache
    gathered = {}
    for place in np.ndindex(ids.shape):
        gathered.setdefault(int(ids[place]), []).append(dy[place])
    dE = np.zeros(shape, dtype=dy.dtype)
    for token, rows in gathered.items():
        if token != padding_idx:
            dE[token] = [math.fsum(map(float, column)) for column in zip(*rows, strict=True)]
    return dE
