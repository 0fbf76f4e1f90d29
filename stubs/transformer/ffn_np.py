"""2.5 The feed-forward layer: two smooth activations, GELU and SiLU, and the two layers that are built with them.

Plain NumPy arrays in and out. Write the functions in the order they stand here. What holds for all of them:

- x is (..., d): any number of leading axes, perhaps none, perhaps of length 0, and any layout in memory.
- Weights are (out, in): a layer computes x @ W.T.
- All arrays of one call have the same dtype, float64 or float32, and everything that comes back has it, too.
- Nothing overflows, and NumPy gives no warning, for numbers of any size up to 1e4 before an activation.
- The inputs stay as they are. The form of a cache is yours; backward may be called twice with one cache.
- Helpers of your own are welcome: the slopes of the activations, for instance. NumPy has no erf; Python's math has one,
  for one number at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Cache = Any


def gelu(x: np.ndarray, approximate: str = "none") -> np.ndarray:
    """Return GELU(x) = x · Φ(x), element by element, Φ being the standard normal distribution function.

    x: any shape. approximate: how Φ is computed.
        "none": exactly, Φ(x) = ½ · (1 + erf(x / √2))
        "tanh": by ½ · (1 + tanh(√(2/π) · (x + 0.044715·x³))), as in GPT-2
    Any other text raises ValueError.

    >>> gelu(np.array([-1.0, 0.0, 2.0])).round(4)
    array([-0.1587,  0.    ,  1.9545])
    >>> gelu(np.array([-1.0, 0.0, 2.0]), approximate="tanh").round(4)
    array([-0.1588,  0.    ,  1.9546])
    """
    raise NotImplementedError("gelu")


def silu(x: np.ndarray) -> np.ndarray:
    """Return SiLU(x) = x · σ(x), element by element, σ(x) = 1 / (1 + e^(−x)). Also called swish.

    x: any shape.

    >>> silu(np.array([-1.0, 0.0, 2.0])).round(4)
    array([-0.2689,  0.    ,  1.7616])
    """
    raise NotImplementedError("silu")


def swiglu_d_ff(d: int, multiple_of: int = 64) -> int:
    """Return the inner width of a SwiGLU layer for vectors of d numbers: the multiple of 64 that is nearest to 8/3 · d.

    With it the three matrices have about as many weights as the two of an ordinary layer of inner width 4·d. Of two
    multiples equally near take the larger; at least one multiple comes out. Whole numbers of any size are exact.

    >>> swiglu_d_ff(512), swiglu_d_ff(768), swiglu_d_ff(6, multiple_of=4)
    (1344, 2048, 16)
    """
    raise NotImplementedError("swiglu_d_ff")


def swiglu_forward(x: np.ndarray, W1: np.ndarray, W2: np.ndarray, W3: np.ndarray) -> tuple[np.ndarray, Cache]:
    """Return (y, cache) with y = (SiLU(x W1ᵀ) ∘ (x W3ᵀ)) W2ᵀ; ∘ multiplies element by element.

    x: (..., d). W1, W3: (d_ff, d), the gate and the value. W2: (d, d_ff). y: the shape of x. There are no biases.

    Raises ValueError if the shapes of the weights are not these, for the d of x and one d_ff.

    >>> W1, W3 = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([[0.0, 1.0], [2.0, 0.0], [1.0, -1.0]])
    >>> W2 = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]])
    >>> swiglu_forward(np.array([1.0, -1.0]), W1, W2, W3)[0].round(4)
    array([-0.7311, -0.5379])
    """
    raise NotImplementedError("swiglu_forward")


def swiglu_backward(dy: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (dx, dW1, dW2, dW3), the gradients of a loss when dy is its gradient at y.

    dy: the shape of y. cache: what swiglu_forward returned.
    dx: the shape of x. dW1, dW2, dW3: the shapes of the weights, summed over all rows of x; zeros without a row.

    >>> one = np.ones((1, 1))
    >>> _, cache = swiglu_forward(np.array([0.0]), one, one, one)
    >>> [float(gradient.item()) for gradient in swiglu_backward(np.array([2.0]), cache)]
    [0.0, 0.0, 0.0, 0.0]
    """
    raise NotImplementedError("swiglu_backward")


def ffn_forward(
    x: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> tuple[np.ndarray, Cache]:
    """Return (y, cache) with y = GELU(x W1ᵀ + b1) W2ᵀ + b2, with the exact GELU: the layer of GPT-2 and BERT.

    x: (..., d). W1: (d_ff, d), b1: (d_ff,). W2: (d, d_ff), b2: (d,). y: the shape of x.

    Raises ValueError if the shapes of weights and biases are not these, for the d of x and one d_ff.

    >>> W1, b1 = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([0.0, 3.0, 0.0])
    >>> W2, b2 = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]]), np.array([0.0, 10.0])
    >>> ffn_forward(np.array([1.0, -1.0]), W1, b1, W2, b2)[0].round(4)
    array([ 0.8413, 11.9545])
    """
    raise NotImplementedError("ffn_forward")


def ffn_backward(dy: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (dx, dW1, db1, dW2, db2), the gradients of a loss when dy is its gradient at y.

    dy: the shape of y. cache: what ffn_forward returned.
    dx: the shape of x. The others: the shapes of the weights and biases, summed over all rows; zeros without a row.

    >>> one = np.ones((1, 1))
    >>> _, cache = ffn_forward(np.array([0.0]), one, np.zeros(1), 3 * one, np.zeros(1))
    >>> [float(gradient.item()) for gradient in ffn_backward(np.array([2.0]), cache)]
    [3.0, 0.0, 3.0, 0.0, 2.0]
    """
    raise NotImplementedError("ffn_backward")
