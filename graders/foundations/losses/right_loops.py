"""Another right F.7: one slice at a time with the math module, Python floats, fsum."""

import math

import numpy as np


def _lse(row):
    top = max(row)
    if top == -math.inf:
        return -math.inf
    return top + math.log(math.fsum(math.exp(v - top) for v in row))


def _log_p(row):
    total = _lse(row)
    return [v - total if v > -math.inf else -math.inf for v in row]


def _each_slice(f, x, axis):
    moved = np.moveaxis(x, axis, -1)
    out = np.empty(moved.shape, dtype=x.dtype)
    for index in np.ndindex(moved.shape[:-1]):
        out[index] = f([float(v) for v in moved[index]])
    return np.moveaxis(out, -1, axis)


def logsumexp(x, axis=-1, keepdims=False):
    first = _each_slice(lambda row: [_lse(row)], x, axis).take(0, axis=axis)
    return np.expand_dims(first, axis) if keepdims else first


def softmax(x, axis=-1):
    return _each_slice(lambda row: [math.exp(v) for v in _log_p(row)], x, axis)


def log_softmax(x, axis=-1):
    return _each_slice(_log_p, x, axis)


def cross_entropy(logits, targets, ignore_index=-100):
    *leading, vocab = logits.shape
    if list(targets.shape) != leading:
        raise ValueError("shapes")
    kept = []
    for index in np.ndindex(*leading):
        target = int(targets[index])
        if target == ignore_index:
            continue
        if not 0 <= target < vocab:
            raise IndexError(target)
        kept.append((index, target))
    dlogits = np.zeros_like(logits)
    losses = []
    for index, target in kept:
        log_p = _log_p(logits[index].tolist())
        losses.append(-log_p[target])
        for k, one in enumerate(log_p):
            dlogits[(*index, k)] = (math.exp(one) - (k == target)) / len(kept)
    return (sum(losses) / len(kept) if kept else 0), dlogits
