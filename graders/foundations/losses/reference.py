"""F.7 Stable softmax, logsumexp, cross-entropy."""

import numpy as np


def _largest(x: np.ndarray, axis: int) -> np.ndarray:
    m = x.max(axis=axis, keepdims=True)
    # Where everything is −inf there is nothing to shift, and −inf − (−inf) would be NaN.
    m[m == -np.inf] = 0.0
    return m  # 1 along the axis


def logsumexp(x: np.ndarray, axis: int = -1, keepdims: bool = False) -> np.ndarray:
    m = _largest(x, axis)
    total = np.exp(x - m).sum(axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):  # log 0 = −inf is the answer for a slice that is −inf throughout
        out = m + np.log(total)
    return out if keepdims else out.squeeze(axis)


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    e = np.exp(x - _largest(x, axis))  # at most 1, and 1 at least once in every slice
    total = e.sum(axis=axis, keepdims=True)
    total[total == 0.0] = 1.0  # 0 / 1 where nothing is possible
    return e / total


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    shifted = x - _largest(x, axis)
    mass = np.exp(shifted).sum(axis=axis, keepdims=True)
    mass[mass == 0.0] = 1.0
    return shifted - np.log(mass)


def cross_entropy(logits: np.ndarray, targets: np.ndarray, ignore_index: int = -100) -> tuple[float, np.ndarray]:
    vocab = logits.shape[-1]
    if targets.shape != logits.shape[:-1]:
        raise ValueError(f"targets of shape {targets.shape} for logits of shape {logits.shape}")
    counts = targets != ignore_index
    ids = targets[counts]  # (n,)
    if np.any((ids < 0) | (ids >= vocab)):
        raise IndexError(f"a target is outside the vocabulary of {vocab}")
    dlogits = np.zeros(logits.shape, dtype=logits.dtype)
    n = len(ids)
    if n == 0:
        return 0.0, dlogits
    rows = logits[counts]  # (n, V): the rows that count, in one flat batch
    log_p = log_softmax(rows)
    loss = -log_p[np.arange(n), ids].mean()
    d = softmax(rows)
    d[np.arange(n), ids] -= 1.0  # p − onehot
    dlogits[counts] = d / n
    return loss, dlogits
