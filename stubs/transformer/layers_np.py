"""2.1 Linear and embedding, forward and backward: the two layers that hold nearly all weights of a language model.

Plain NumPy arrays in and out. Write the functions in the order they stand here. What holds for all of them:

- *Leading axes* are whatever stands before the last axis of x or y: (B, T), (B,), none at all, or an axis of size 0.
- x, W, b, E and dy are float32 or float64, all of the same dtype in one call, and so is all that comes back.
- Arrays may lie in memory in any order: slices, transposes. No argument is changed, and nothing that comes back shares
  memory with an argument.
- The cache is yours: any value of any form. It is the only thing that backward may know of its forward: several
  forwards may run before the first backward, and backward may be called twice with one cache.
- Memory: each function needs a few arrays as large as its arguments and results, never a weight-sized array for every
  row, and never a row of V numbers for every id.
"""

from typing import Any

import numpy as np


def linear_forward(x: np.ndarray, W: np.ndarray, b: np.ndarray | None = None) -> tuple[np.ndarray, Any]:
    """Return (y, cache) with y = x Wᵀ + b: every vector along the last axis of x becomes W·x + b.

    x: (..., in), any leading axes, none included
    W: (out, in): one row for each output
    b: (out,), or None for no bias
    y: (..., out), the leading axes of x

    Raises ValueError if the last side of x is not in, or if b has another shape than (out,): a bias of shape (1,) for
    three outputs is refused, not stretched.

    >>> W = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]])
    >>> y, cache = linear_forward(np.array([[1.0, 1.0], [2.0, -2.0]]), W, np.array([10.0, 20.0, 30.0]))
    >>> y
    array([[13. , 19. , 33.5],
           [ 8. , 22. , 35. ]])
    >>> linear_forward(np.array([1.0, 1.0]), W)[0]
    array([ 3. , -1. ,  3.5])
    """
    raise NotImplementedError("linear_forward")


def linear_backward(dy: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return (dx, dW, db), the gradients of sum(dy · y) for the y of that forward.

    dy: (..., out), the shape of y
    dx: the shape of x
    dW: (out, in), summed over all leading axes; zeros if there is no row at all
    db: (out,), summed over all leading axes; None if forward had no bias

    >>> W = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]])
    >>> y, cache = linear_forward(np.array([[1.0, 1.0], [2.0, -2.0]]), W, np.zeros(3))
    >>> dx, dW, db = linear_backward(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 2.0]]), cache)
    >>> dx
    array([[1., 2.],
           [6., 0.]])
    >>> dW
    array([[ 1.,  1.],
           [ 2., -2.],
           [ 4., -4.]])
    >>> db
    array([1., 1., 2.])
    """
    raise NotImplementedError("linear_backward")


def embedding_forward(ids: np.ndarray, E: np.ndarray, padding_idx: int | None = None) -> tuple[np.ndarray, Any]:
    """Return (y, cache) where y holds the row of E for every id.

    ids: an array of any shape, () and empty included, of any integer dtype (int64, int32, uint8, …)
    E: (V, D): one row for each of the V tokens
    padding_idx: None, or the id from 0 to V − 1 that only fills up short sequences. It changes nothing in y; backward
        gives its row no gradient.
    y: (*ids.shape, D)

    Raises IndexError if an id is negative or is V or more. Raises TypeError or IndexError (either will do) if ids are
    not whole numbers: floats, or booleans.

    >>> E = np.array([[0.5, -1.0], [2.0, 3.0], [4.0, 0.0]])
    >>> embedding_forward(np.array([[2, 0], [2, 2]]), E)[0]
    array([[[ 4. ,  0. ],
            [ 0.5, -1. ]],
    <BLANKLINE>
           [[ 4. ,  0. ],
            [ 4. ,  0. ]]])
    >>> embedding_forward(np.array(1), E)[0]
    array([2., 3.])
    """
    raise NotImplementedError("embedding_forward")


def embedding_backward(dy: np.ndarray, cache: Any) -> np.ndarray:
    """Return dE, the gradient of sum(dy · y) for the y of that forward.

    dy: (*ids.shape, D), the shape of y
    dE: (V, D). A row that was looked up several times collects from every time; a row that was not looked up, and the
        row of padding_idx, are exactly 0.

    >>> y, cache = embedding_forward(np.array([2, 0, 2]), np.zeros((4, 2)))
    >>> embedding_backward(np.array([[1.0, 2.0], [3.0, 4.0], [10.0, 20.0]]), cache)
    array([[ 3.,  4.],
           [ 0.,  0.],
           [11., 22.],
           [ 0.,  0.]])
    """
    raise NotImplementedError("embedding_backward")
