"""2.1 Linear and embedding, forward and backward."""

from typing import Any

import numpy as np


def linear_forward(x: np.ndarray, W: np.ndarray, b: np.ndarray | None = None) -> tuple[np.ndarray, Any]:
    if b is not None and b.shape != W.shape[:1]:
        raise ValueError(f"a bias of shape {b.shape} for weights of shape {W.shape}")
    y = x @ W.T  # (..., in) @ (in, out); NumPy refuses another last side
    if b is not None:
        y = y + b
    return y, (x, W, b is not None)


def linear_backward(dy: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    x, W, biased = cache
    dx = dy @ W  # (..., out) @ (out, in)
    rows = dy.reshape(-1, W.shape[0])  # (N, out): to the weights, every leading axis is batch
    dW = rows.T @ x.reshape(-1, W.shape[1])  # (out, N) @ (N, in): the product sums over the rows
    db = rows.sum(axis=0) if biased else None
    return dx, dW, db


def embedding_forward(ids: np.ndarray, E: np.ndarray, padding_idx: int | None = None) -> tuple[np.ndarray, Any]:
    if ids.dtype.kind not in "iu":
        raise TypeError(f"ids of dtype {ids.dtype}")
    if np.any(ids < 0):  # NumPy would count from the end; for V and more it raises by itself
        raise IndexError("a negative id")
    return E[ids], (ids, E.shape, padding_idx)


def embedding_backward(dy: np.ndarray, cache: Any) -> np.ndarray:
    ids, shape, padding_idx = cache
    dE = np.zeros(shape, dtype=dy.dtype)
    np.add.at(dE, ids, dy)  # unlike dE[ids] += dy, it adds once for every time an id occurs
    if padding_idx is not None:
        dE[padding_idx] = 0.0
    return dE
