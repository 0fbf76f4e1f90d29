"""2.4 LayerNorm and RMSNorm: keep every vector at the same size, and know what that does to a gradient.

Plain NumPy arrays in and out. Write the functions in the order they stand here. What holds for all of them:

- x is (..., d): any number of leading axes, perhaps none, perhaps of length 0, and any layout in memory. A *row* is one
  vector of d numbers along the last axis. Every row is normalised by itself. d is at least 1.
- x, g, b and dy of one call have the same dtype, and everything that comes back has it, too: float64, float32 or
  float16. With float16 compute in float32 and round at the end: 300² is already too large for float16.
- eps is a positive float. Nothing overflows and nothing divides by zero, for rows of any size up to 1e4, for a row of
  equal numbers, and for a row of zeros; NumPy gives no warning.
- The inputs stay as they are. The form of the cache is yours; backward may be called twice with one cache.
- g (and b) of another shape than (d,) raise ValueError. Broadcasting would accept some of them in silence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Cache = Any


def layernorm_forward(x: np.ndarray, g: np.ndarray, b: np.ndarray, eps: float = 1e-5) -> tuple[np.ndarray, Cache]:
    """Return (y, cache) with y = x̂ · g + b, where x̂ = (x − mean) / √(var + eps), row by row.

    x: (..., d). g, b: (d,), the gain and the bias of each place. y: the shape of x.
    mean, var: of the d numbers of a row; var is the mean of their squared distances from the mean (divided by d).

    A large mean costs no accuracy: the rows [1, 2, 3] and [10001, 10002, 10003] give the same y.

    >>> x, g, b = np.array([[1.0, 3.0], [10.0, 10.0]]), np.array([1.0, 2.0]), np.array([0.0, 0.5])
    >>> layernorm_forward(x, g, b, eps=3.0)[0]
    array([[-0.5,  1.5],
           [ 0. ,  0.5]])
    """
    raise NotImplementedError("layernorm_forward")


def layernorm_backward(dy: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (dx, dg, db), the gradients of a loss with respect to x, g and b, when dy is its gradient at y.

    dy: the shape of y. cache: what layernorm_forward returned.
    dx: the shape of x. dg, db: (d,), summed over all rows. Without a row they are zeros.

    With float16 the sums over the rows are taken in float32, too: there may be thousands.

    >>> x, g, b = np.array([[1.0, 3.0], [10.0, 10.0]]), np.array([1.0, 2.0]), np.array([0.0, 0.5])
    >>> _, cache = layernorm_forward(x, g, b, eps=3.0)
    >>> dx, dg, db = layernorm_backward(np.array([[1.0, 2.0], [0.0, 1.0]]), cache)
    >>> dg, db
    (array([-0.5,  1. ]), array([1., 3.]))
    >>> dx.round(4)
    array([[-0.5625,  0.5625],
           [-0.5774,  0.5774]])
    """
    raise NotImplementedError("layernorm_backward")


def rmsnorm_forward(x: np.ndarray, g: np.ndarray, eps: float = 1e-5) -> tuple[np.ndarray, Cache]:
    """Return (y, cache) with y = x / √(mean(x²) + eps) · g, row by row.

    x: (..., d). g: (d,). y: the shape of x. The mean of a row is not taken off, and there is no bias.

    >>> y, _ = rmsnorm_forward(np.array([[1.0, 7.0], [0.0, 0.0]]), np.array([1.0, 2.0]), eps=11.0)
    >>> y.round(4)
    array([[0.1667, 2.3333],
           [0.    , 0.    ]])
    """
    raise NotImplementedError("rmsnorm_forward")


def rmsnorm_backward(dy: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray]:
    """Return (dx, dg), the gradients of a loss with respect to x and g, when dy is its gradient at y.

    dy: the shape of y. cache: what rmsnorm_forward returned.
    dx: the shape of x. dg: (d,), summed over all rows, as in layernorm_backward.

    >>> _, cache = rmsnorm_forward(np.array([[1.0, 7.0], [0.0, 0.0]]), np.array([1.0, 2.0]), eps=11.0)
    >>> dx, dg = rmsnorm_backward(np.array([[1.0, 1.0], [3.0, 0.0]]), cache)
    >>> dg.round(4)
    array([0.1667, 1.1667])
    >>> dx.round(4)
    array([[0.1319, 0.0903],
           [0.9045, 0.    ]])
    """
    raise NotImplementedError("rmsnorm_backward")
