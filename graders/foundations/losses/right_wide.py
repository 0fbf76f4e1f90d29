"""Another right F.7: float64 inside, NaN repaired under errstate, a shift beside the maximum, flat rows, np.add.at."""

import numpy as np


def _exponentials(x, axis):
    wide = np.asarray(x, dtype=np.float64)
    top = np.max(wide, axis=axis, keepdims=True)
    top = np.where(top > -np.inf, top - 0.5, 0.0)  # any shift near the largest will do
    e = np.exp(wide - top)
    return wide, top, e, np.sum(e, axis=axis, keepdims=True)


def logsumexp(x, axis=-1, keepdims=False):
    _, top, _, total = _exponentials(x, axis)
    with np.errstate(all="ignore"):
        return np.sum(top + np.log(total), axis=axis, keepdims=keepdims).astype(x.dtype)


def softmax(x, axis=-1):
    _, _, e, total = _exponentials(x, axis)
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(e / total, nan=0.0).astype(x.dtype)


def log_softmax(x, axis=-1):
    wide, top, _, total = _exponentials(x, axis)
    with np.errstate(divide="ignore", invalid="ignore"):
        out = wide - top - np.log(total)
    out[np.isnan(out) | np.isneginf(wide)] = -np.inf
    return out.astype(x.dtype, copy=False)


class BadTarget(IndexError):
    pass


def cross_entropy(logits, targets, ignore_index=-100):
    if targets.shape != logits.shape[:-1]:
        raise ValueError(targets.shape)
    vocab = logits.shape[-1]
    flat, ids = logits.reshape(-1, vocab).astype(np.float64), targets.reshape(-1).astype(np.int64)
    keep = np.flatnonzero(ids != ignore_index)
    if keep.size and not 0 <= ids[keep].min() <= ids[keep].max() < vocab:
        raise BadTarget("target")
    gradient = np.zeros_like(flat)
    if not keep.size:
        return np.float64(0), gradient.reshape(logits.shape).astype(logits.dtype)
    gradient[keep] = softmax(flat[keep])
    np.add.at(gradient, (keep, ids[keep]), -1.0)
    loss = np.average(logsumexp(flat[keep]) - flat[keep, ids[keep]])
    return np.array(loss), np.divide(gradient, keep.size).reshape(logits.shape).astype(logits.dtype)
