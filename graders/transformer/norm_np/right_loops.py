"""2.4 in plain Python: a row is a list, a sum is math.fsum, and NumPy only holds what comes in and goes out."""

import math

import numpy as np


def layernorm_forward(x, g, b, eps=1e-5):
    d = x.shape[-1]
    if g.shape != (d,) or b.shape != (d,):
        raise ValueError(f"g and b need the shape ({d},)")
    normal, scales = [], []
    for row in x.reshape(-1, d).tolist():
        mean = math.fsum(row) / d
        away = [v - mean for v in row]
        scale = 1.0 / math.sqrt(math.fsum(v * v for v in away) / d + eps)
        normal.append([v * scale for v in away])
        scales.append(scale)
    gains, biases = g.tolist(), b.tolist()
    y = [[v * gain + bias for v, gain, bias in zip(row, gains, biases, strict=True)] for row in normal]
    return np.array(y, dtype=x.dtype).reshape(x.shape), (normal, scales, gains, x.dtype)


def layernorm_backward(dy, cache):
    normal, scales, gains, dtype = cache
    d = len(gains)
    dx, dg, db = [], [[] for _ in gains], [[] for _ in gains]
    for up, row, scale in zip(dy.reshape(-1, d).tolist(), normal, scales, strict=True):
        inner = [u * gain for u, gain in zip(up, gains, strict=True)]
        level = math.fsum(inner) / d
        tilt = math.fsum(u * v for u, v in zip(inner, row, strict=True)) / d
        dx.append([scale * (u - level - v * tilt) for u, v in zip(inner, row, strict=True)])
        for place in range(d):
            dg[place].append(up[place] * row[place])
            db[place].append(up[place])
    return (
        np.array(dx, dtype=dtype).reshape(dy.shape),
        np.array([math.fsum(terms) for terms in dg], dtype=dtype),
        np.array([math.fsum(terms) for terms in db], dtype=dtype),
    )


def rmsnorm_forward(x, g, eps=1e-5):
    d = x.shape[-1]
    if g.shape != (d,):
        raise ValueError(f"g needs the shape ({d},)")
    rows, sizes = x.reshape(-1, d).tolist(), []
    for row in rows:
        sizes.append(math.sqrt(math.fsum(v * v for v in row) / d + eps))
    gains = g.tolist()
    y = [[v / size * gain for v, gain in zip(row, gains, strict=True)] for row, size in zip(rows, sizes, strict=True)]
    return np.array(y, dtype=x.dtype).reshape(x.shape), (rows, sizes, gains, x.dtype)


def rmsnorm_backward(dy, cache):
    rows, sizes, gains, dtype = cache
    d = len(gains)
    dx, dg = [], [[] for _ in gains]
    for up, row, size in zip(dy.reshape(-1, d).tolist(), rows, sizes, strict=True):
        inner = [u * gain for u, gain in zip(up, gains, strict=True)]
        along = math.fsum(u * v for u, v in zip(inner, row, strict=True)) / (d * size**3)
        dx.append([u / size - v * along for u, v in zip(inner, row, strict=True)])
        for place in range(d):
            dg[place].append(up[place] * row[place] / size)
    return np.array(dx, dtype=dtype).reshape(dy.shape), np.array([math.fsum(terms) for terms in dg], dtype=dtype)
