"""Another right 2.1: einsum and tensordot for the sums; sorted runs for the table; the caches are functions."""

import numpy as np


def linear_forward(x, W, b=None):
    if x.shape[-1] != W.shape[1]:
        raise ValueError("einsum would stretch a last side of 1")
    y = np.einsum("...i,oi->...o", x, W)
    if b is not None:
        if b.ndim != 1 or len(b) != len(W):
            raise ValueError("one bias for each output")
        y += b

    def pull(dy):
        leading = tuple(range(x.ndim - 1))
        dW = np.tensordot(dy, x, axes=(leading, leading))
        return np.einsum("...o,oi->...i", dy, W), dW, None if b is None else dy.sum(axis=leading)

    return y, pull


def linear_backward(dy, cache):
    return cache(dy)


def embedding_forward(ids, E, padding_idx=None):
    flat = ids.ravel()
    if flat.dtype.kind not in "iu" or (len(flat) and flat.min() < 0):
        raise IndexError("no such row")  # np.take refuses those that are too large

    def pull(dy):
        dE = np.zeros_like(E)
        order = np.argsort(flat)
        tokens, starts = np.unique(flat[order], return_index=True)
        dE[tokens] = np.add.reduceat(dy.reshape(len(flat), E.shape[1])[order], starts)
        if padding_idx is not None:
            dE[padding_idx] = 0
        return dE

    return np.take(E, ids, axis=0), pull


def embedding_backward(dy, cache):
    return cache(dy)
