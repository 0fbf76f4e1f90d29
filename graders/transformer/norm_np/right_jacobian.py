"""2.4 with the whole d × d Jacobian of every row, einsum, and a backward that starts again from x."""

import numpy as np


def layernorm_forward(x, g, b, eps=1e-5):
    fits(x, g)
    fits(x, b)
    x_hat, _ = whiten(x, eps, centre=True)
    y = np.einsum("...d,d->...d", x_hat, g) + b
    return np.asarray(y, dtype=x.dtype), {"x": x, "g": g, "eps": eps}


def layernorm_backward(dy, cache):
    return gradients(dy, cache, centre=True)


def rmsnorm_forward(x, g, eps=1e-5):
    fits(x, g)
    x_hat, _ = whiten(x, eps, centre=False)
    return np.asarray(x_hat * g, dtype=x.dtype), {"x": x, "g": g, "eps": eps}


def rmsnorm_backward(dy, cache):
    return gradients(dy, cache, centre=False)[:2]


def fits(x, parameter):
    if parameter.shape != (x.shape[-1],):
        raise ValueError("one number for each place of a row is needed")


def whiten(x, eps, centre):
    x = x if x.dtype == np.float64 else x.astype(np.float32)
    if centre:
        x = x - np.mean(x, axis=-1, keepdims=True)
    power = np.einsum("...d,...d->...", x, x) / x.shape[-1]
    size = np.sqrt(power + eps)[..., None]
    return x / size, size


def gradients(dy, cache, centre):
    x, g, eps = cache["x"], cache["g"], cache["eps"]
    x_hat, size = whiten(x, eps, centre)
    d = x.shape[-1]
    dy = dy.astype(x_hat.dtype)
    # How output i of the normalisation moves with input j: (…, d, d), symmetric.
    jacobian = np.eye(d) - np.einsum("...i,...j->...ij", x_hat, x_hat) / d
    if centre:
        jacobian = jacobian - 1 / d
    dx = np.einsum("...i,...ij->...j", dy * g, jacobian) / size
    leading = tuple(range(x.ndim - 1))
    sums = (np.sum(dy * x_hat, axis=leading), np.sum(dy, axis=leading))
    return tuple(np.asarray(one, dtype=x.dtype) for one in (dx, *sums))
