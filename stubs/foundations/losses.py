"""F.7 Stable softmax, logsumexp, cross-entropy: from scores to probabilities to a loss and its gradient.

Plain NumPy arrays in and out; nothing here uses your Tensor. Write the functions in the order they stand here.
What holds for all of them:

- x and logits are float32 or float64, any layout in memory. Their entries are finite, ±1e4 too, or −inf: "impossible".
- An array that comes back has the dtype of the one that went in: float32 stays float32.
- axis is one whole number; negative counts from the end. A *slice* is what lies along that axis: for axis=-1 of a
  matrix, a row. A slice has at least one entry. Another axis may have none: an empty batch gives an empty result.
- No NumPy warning, and the inputs stay as they are.
"""

import numpy as np


def logsumexp(x: np.ndarray, axis: int = -1, keepdims: bool = False) -> np.ndarray:
    """Return log(Σ e^x), the sum taken along `axis`.

    x: any shape of one axis or more. Returns the shape of x without that axis; with keepdims, with 1 in its place.
    A slice that is −inf throughout gives −inf.

    >>> logsumexp(np.array([[1000.0, 1000.0], [0.0, -np.inf]])).round(4)
    array([1000.6931,    0.    ])
    >>> logsumexp(np.zeros((2, 3)), axis=0, keepdims=True).round(4)
    array([[0.6931, 0.6931, 0.6931]])
    """
    raise NotImplementedError("logsumexp")


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return e^x / Σ e^x, the sum taken along `axis`: every slice becomes probabilities that sum to 1.

    Returns the shape of x. An entry of −inf gets exactly 0. A slice that is −inf throughout gives zeros: where nothing
    is possible, nothing has probability. (Attention will need that, for a row with everything masked.)

    >>> softmax(np.array([2.0, 1.0, -1.0])).round(4)
    array([0.7054, 0.2595, 0.0351])
    >>> softmax(np.array([[1e4, -np.inf], [-np.inf, -np.inf]]))
    array([[1., 0.],
           [0., 0.]])
    """
    raise NotImplementedError("softmax")


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return log(softmax(x, axis)), exact even where the probability itself is too small for a float.

    Returns the shape of x. −inf where x is −inf, so a slice that is −inf throughout stays so.

    >>> log_softmax(np.array([0.0, -2000.0]))
    array([    0., -2000.])
    """
    raise NotImplementedError("log_softmax")


def cross_entropy(logits: np.ndarray, targets: np.ndarray, ignore_index: int = -100) -> tuple[float, np.ndarray]:
    """Return (loss, dlogits): the mean of −log softmax(logits)[target] over the targets that count, and its gradient.

    logits: (N, V) or (B, T, V) or more axes in front; V scores for each prediction
    targets: (N,) or (B, T) …, int64 or int32: the ids that came true, each from 0 to V − 1, or ignore_index
    loss: a number, in nats, as exact as the dtype of logits. It is inf if a target that counts has a logit of −inf;
        dlogits is finite all the same.
    dlogits: the shape and dtype of logits

    A target equal to ignore_index (whatever number that is) does not count: not in the sum, not in what you divide by,
    and its gradient is exactly zero, even if its logits are −inf throughout. Every row that counts has a finite logit.
    If no target counts, or there is none, the loss is 0 and so is every gradient.

    Memory: a few arrays as large as logits, and nothing of V × V: with a vocabulary of 50,257 that would be 20 GB.

    Raises ValueError if the shape of targets is not that of logits without its last axis; IndexError if a target is
    neither ignore_index nor from 0 to V − 1.

    >>> loss, dlogits = cross_entropy(np.array([[2.0, 1.0, -1.0]]), np.array([1]))
    >>> round(float(loss), 4), dlogits.round(4)
    (1.349, array([[ 0.7054, -0.7405,  0.0351]]))
    """
    raise NotImplementedError("cross_entropy")
