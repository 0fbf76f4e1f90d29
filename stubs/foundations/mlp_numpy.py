"""F.8 A multi-layer perceptron in NumPy: initialisation, forward and backward by hand, SGD, a training run.

Write the functions in the order they stand here. Everything is float64. No graph, no engine: the backward pass is a few
lines of your own, over the whole batch at once. N: examples in a batch, D: inputs, C: classes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from minillm.foundations.losses import cross_entropy  # noqa: F401 - fit will need it


def xavier_uniform(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a weight matrix from the uniform distribution on ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010).

    Returns (fan_in, fan_out), float64: one row per input, one column per output. Every element is a draw of its own
    from `rng`, and from nowhere else.

    >>> w = xavier_uniform(2, 4, np.random.default_rng(0))
    >>> w.shape, bool(np.abs(w).max() <= 1.0)
    ((2, 4), True)
    """
    raise NotImplementedError("xavier_uniform")


def kaiming_normal(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a weight matrix from the normal distribution with mean 0 and *variance* 2 / fan_in (He and others 2015).

    Returns (fan_in, fan_out), float64, drawn from `rng` as above.

    >>> w = kaiming_normal(800, 50, np.random.default_rng(0))
    >>> w.shape, float(w.std().round(2))
    ((800, 50), 0.05)
    """
    raise NotImplementedError("kaiming_normal")


class MLPNumpy:
    """A perceptron of L = len(sizes) − 1 linear layers, with the activation between them and none after the last.

        h₀ = x,   zₗ = hₗ₋₁ @ Wₗ + bₗ,   hₗ = act(zₗ),   logits = z_L

    params: the list [W1, b1, W2, b2, …], Wₗ of shape (fan_in, fan_out), bₗ of shape (fan_out,). forward and backward
        read these very arrays: whoever changes one in place (an optimizer) changes the network.
    grads: after backward, the list of gradients in the same order; each has the shape of its parameter.
    """

    params: list[np.ndarray]
    grads: list[np.ndarray]

    def __init__(self, sizes: Sequence[int], act: str, rng: np.random.Generator) -> None:
        """Make the parameters. sizes: [D, width, …, C], at least two of them; fewer raises ValueError.

        act: "relu", whose layers all start with kaiming_normal, or "tanh", whose layers all start with xavier_uniform
        (the last layer too); anything else raises ValueError. Every bias starts at 0. All numbers come from `rng`.

        >>> [p.shape for p in MLPNumpy([2, 5, 3], "relu", np.random.default_rng(0)).params]
        [(2, 5), (5,), (5, 3), (3,)]
        """
        raise NotImplementedError("MLPNumpy.__init__")

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return the logits, (N, C), of a batch x, (N, D). Keep whatever backward will need.

        x and the parameters stay as they are.

        >>> net = MLPNumpy([2, 1], "tanh", np.random.default_rng(0))
        >>> net.params[0][...], net.params[1][...] = [[1.0], [2.0]], 0.5
        >>> net.forward(np.array([[3.0, -1.0]]))
        array([[1.5]])
        """
        raise NotImplementedError("MLPNumpy.forward")

    def backward(self, dlogits: np.ndarray) -> np.ndarray:
        """Return dx, (N, D), and fill `grads`, for the batch of the last forward.

        dlogits: (N, C), the gradient of a loss with respect to the logits; any numbers. If the loss is a mean over the
        batch, the 1/N is already in it. `grads` is replaced, not added to. The slope of relu at exactly 0 is 0, as in
        F.1. dlogits and the parameters stay as they are: changing the parameters is the optimizer's business.

        >>> net = MLPNumpy([2, 1], "tanh", np.random.default_rng(0))
        >>> net.params[0][...], net.params[1][...] = [[1.0], [2.0]], 0.5
        >>> _ = net.forward(np.array([[3.0, -1.0]]))
        >>> net.backward(np.array([[10.0]]))
        array([[10., 20.]])
        """
        raise NotImplementedError("MLPNumpy.backward")


class SGD:
    """Gradient descent with momentum μ and weight decay λ, in PyTorch's form. For each parameter p with gradient g:

        g ← g + λ·p        only if p has two axes or more: weights decay, biases do not
        v ← μ·v + g        v starts at 0 and belongs to this optimizer and this p
        p ← p − lr·v       in place: whoever holds p sees the new numbers

    lr: an attribute. Setting `optimizer.lr = …` between two steps counts from the next step on.
    """

    lr: float

    def __init__(self, params: list[np.ndarray], lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        """Remember the parameters, any number of arrays of any shapes. Nothing moves yet."""
        raise NotImplementedError("SGD.__init__")

    def step(self, grads: list[np.ndarray]) -> None:
        """Move every parameter once.

        grads: one array per parameter, in the same order and of the same shape; another number of them raises
        ValueError. The arrays stay as they are, and the caller may overwrite them after the call.

        >>> p = np.array([1.0])
        >>> optimizer = SGD([p], lr=0.5, momentum=0.5)
        >>> optimizer.step([np.array([1.0])]); optimizer.step([np.array([1.0])])
        >>> p
        array([-0.25])
        """
        raise NotImplementedError("SGD.step")


def fit(
    model: Any,
    X: np.ndarray,
    y: np.ndarray,
    *,
    steps: int,
    batch_size: int,
    lr: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    rng: np.random.Generator,
) -> list[float]:
    """Train a classifier for `steps` steps; return each step's loss: its batch's, before the step moved anything.

    A step is: a batch, one forward, the cross-entropy, one backward, one step of SGD. One optimizer serves the run.

    model: an MLPNumpy, or anything else with forward, backward, params and grads
    X: (N, D), the examples; y: (N,), int64, their classes. Both stay as they are; different lengths raise ValueError.
    batch: min(batch_size, N) *different* rows of X with their classes, drawn with `rng`, each row equally often in the
        long run. Fresh rows each step, or slices of an order that is shuffled anew when it is used up: either is fine.

    >>> rng = np.random.default_rng(0)
    >>> X, y = np.array([[-1.0], [1.0]]), np.array([0, 1])
    >>> losses = fit(MLPNumpy([1, 2], "tanh", rng), X, y, steps=100, batch_size=2, lr=1.0, rng=rng)
    >>> len(losses), losses[-1] < 0.05
    (100, True)
    """
    raise NotImplementedError("fit")
