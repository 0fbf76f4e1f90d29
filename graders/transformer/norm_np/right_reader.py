"""A third solution of 2.4, from the lesson and the stub alone: x and two numbers a row are kept, as libraries do."""

import numpy as np


def _check(x, **gains):
    for name, p in gains.items():
        if np.shape(p) != x.shape[-1:]:
            raise ValueError(f"{name} has shape {np.shape(p)}, expected {x.shape[-1:]}")


def _wide(a):
    return a.astype(np.promote_types(a.dtype, np.float32))  # float16 is computed in float32


def _sum_rows(a, like):
    return a.reshape(-1, a.shape[-1]).sum(axis=0).astype(like.dtype)  # (d,)


def layernorm_forward(x, g, b, eps=1e-5):
    _check(x, g=g, b=b)
    wide = _wide(x)
    mean = wide.mean(axis=-1, keepdims=True)  # (..., 1)
    size = np.sqrt(np.square(wide - mean).mean(axis=-1, keepdims=True) + eps)  # (..., 1)
    y = (wide - mean) / size * _wide(g) + _wide(b)
    return y.astype(x.dtype), (x, g, mean, size)


def layernorm_backward(dy, cache):
    x, g, mean, size = cache
    dy = _wide(dy)
    hat = (_wide(x) - mean) / size
    u = dy * _wide(g)
    along = np.mean(u * hat, axis=-1, keepdims=True)
    dx = (u - np.mean(u, axis=-1, keepdims=True) - hat * along) / size
    return dx.astype(x.dtype), _sum_rows(dy * hat, g), _sum_rows(dy, g)


def rmsnorm_forward(x, g, eps=1e-5):
    _check(x, g=g)
    wide = _wide(x)
    size = np.sqrt(np.square(wide).mean(axis=-1, keepdims=True) + eps)  # (..., 1)
    return (wide / size * _wide(g)).astype(x.dtype), (x, g, size)


def rmsnorm_backward(dy, cache):
    x, g, size = cache
    dy = _wide(dy)
    hat = _wide(x) / size
    u = dy * _wide(g)
    dx = (u - hat * np.mean(u * hat, axis=-1, keepdims=True)) / size
    return dx.astype(x.dtype), _sum_rows(dy * hat, g)
