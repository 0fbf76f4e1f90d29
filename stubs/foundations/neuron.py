"""F.1 A single neuron: activations, forward, backward, two losses, gradient descent.

Write the functions in the order they stand here. Everything is float64 and works on whole arrays; no Python loop is
needed until the last function. No function changes an array it is given.
"""

from collections.abc import Callable
from typing import Any

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + e^(−x)), element by element.

    x: any shape, float64. Returns the same shape and dtype. Finite for |x| up to 1e4, without any warning.

    >>> sigmoid(np.array([0.0, 2.0])).round(4)
    array([0.5   , 0.8808])
    >>> sigmoid(np.array([-1e4, 1e4]))
    array([0., 1.])
    """
    raise NotImplementedError("sigmoid")


def sigmoid_grad(x: np.ndarray) -> np.ndarray:
    """Return the derivative of sigmoid at x, element by element. The argument is x, not sigmoid(x).

    >>> sigmoid_grad(np.array([0.0, 2.0])).round(4)
    array([0.25 , 0.105])
    """
    raise NotImplementedError("sigmoid_grad")


def relu(x: np.ndarray) -> np.ndarray:
    """Return max(x, 0), element by element.

    >>> relu(np.array([-1.5, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    raise NotImplementedError("relu")


def relu_grad(x: np.ndarray) -> np.ndarray:
    """Return the derivative of relu at x, element by element; 0 where x is 0, by convention. float64, not bool.

    >>> relu_grad(np.array([-1.5, 0.0, 2.0]))
    array([0., 0., 1.])
    """
    raise NotImplementedError("relu_grad")


def tanh(x: np.ndarray) -> np.ndarray:
    """Return the hyperbolic tangent, element by element. np.tanh may be used.

    >>> tanh(np.array([0.0, 0.5])).round(4)
    array([0.    , 0.4621])
    """
    raise NotImplementedError("tanh")


def tanh_grad(x: np.ndarray) -> np.ndarray:
    """Return the derivative of tanh at x, element by element.

    >>> tanh_grad(np.array([0.0, 0.5])).round(4)
    array([1.    , 0.7864])
    """
    raise NotImplementedError("tanh_grad")


def neuron_forward(x: np.ndarray, w: np.ndarray, b: float, act: str) -> tuple[np.ndarray, Any]:
    """Return (y, cache) with y = act(x·w + b), for a whole batch at once.

    x: (N, D)   N examples of D inputs
    w: (D,)     one weight per input
    b: a number
    act: "sigmoid", "relu", "tanh" or "identity"; anything else raises ValueError
    y: (N,)     one output per example
    cache: whatever neuron_backward will need; its form is yours

    >>> y, cache = neuron_forward(np.array([[1.0, 2.0]]), np.array([0.5, -1.0]), 0.25, "tanh")
    >>> y.round(4)
    array([-0.8483])
    """
    raise NotImplementedError("neuron_forward")


def neuron_backward(dy: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, float]:
    """Return (dx, dw, db): the gradients of a loss L, given dy = dL/dy from above.

    dy: (N,)    not necessarily ones
    dx: (N, D), dw: (D,), db: a number. Each has the shape of what it is the gradient of.

    >>> y, cache = neuron_forward(np.array([[1.0, 2.0]]), np.array([0.5, -1.0]), 0.25, "relu")
    >>> dx, dw, db = neuron_backward(np.array([3.0]), cache)
    >>> float(db)
    0.0
    """
    raise NotImplementedError("neuron_backward")


def mse(y: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
    """Return (loss, dy): the mean of (y − t)² over all elements, and its gradient with respect to y.

    y, t: the same shape, any. dy: that shape.

    >>> loss, dy = mse(np.array([1.0, 2.0]), np.array([0.0, 4.0]))
    >>> float(loss), dy
    (2.5, array([ 1., -2.]))
    """
    raise NotImplementedError("mse")


def bce_with_logits(z: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
    """Return (loss, dz): the mean binary cross-entropy of sigmoid(z) against t, and its gradient with respect to z.

    z: any shape, the logits (before any sigmoid); t: the same shape, 0 or 1 (or a probability between).
    The loss is the mean of −t·log σ(z) − (1 − t)·log(1 − σ(z)), exact for |z| up to 1e4: 100 at z = 100 and t = 0.

    >>> loss, dz = bce_with_logits(np.array([0.0]), np.array([1.0]))
    >>> round(float(loss), 4), dz
    (0.6931, array([-0.5]))
    """
    raise NotImplementedError("bce_with_logits")


def gradient_descent(f_grad: Callable[[np.ndarray], np.ndarray], x0: np.ndarray, lr: float, steps: int) -> np.ndarray:
    """Walk downhill: x ← x − lr·f_grad(x), `steps` times. Return every point visited, x0 first.

    x0: (D,). Returns (steps + 1, D), float64. x0 itself is not changed; steps = 0 returns just x0.

    >>> gradient_descent(lambda x: 2 * x, np.array([1.0]), lr=0.25, steps=2)
    array([[1.  ],
           [0.5 ],
           [0.25]])
    """
    raise NotImplementedError("gradient_descent")
