"""2.2 Positions: sinusoidal and learned. Two ways to tell a model where in the sequence a token stands.

Write the functions in the order they stand here. Positions count from 0. No argument is changed.
"""

import numpy as np


def sinusoidal_positions(T: int, d: int, base: float = 10000.0) -> np.ndarray:
    """Return the table of Vaswani et al. 2017: one row of d numbers for each of the positions 0 … T − 1.

    Columns come in pairs. For pair i, from 0 to d/2 − 1, and position p:

        table[p, 2i]     = sin(p / base^(2i/d))
        table[p, 2i + 1] = cos(p / base^(2i/d))

    T: how many positions; 0 gives a table of shape (0, d)
    d: an even number, 2 or more
    base: a number, 1 or more; int or float
    Returns (T, d), float64, computed in float64. Each call returns an array of its own, and whoever gets it may write
    in it.

    Raises ValueError if d is odd or less than 2, or if T is negative.

    >>> sinusoidal_positions(3, 4, base=100.0).round(4)
    array([[ 0.    ,  1.    ,  0.    ,  1.    ],
           [ 0.8415,  0.5403,  0.0998,  0.995 ],
           [ 0.9093, -0.4161,  0.1987,  0.9801]])
    """
    raise NotImplementedError("sinusoidal_positions")


def learned_positions(P: np.ndarray, T: int, offset: int = 0) -> np.ndarray:
    """Return the rows of P for the positions offset … offset + T − 1.

    P: (max_len, d): a trained vector for each position, float32 or float64, any order in memory
    T: how many rows; 0 gives shape (0, d)
    offset: the position of the first. A model that writes one token at a time asks for T = 1 and its place.
    Returns (T, d), the dtype of P. It may be a copy or a view of P, as you like: whoever gets it only reads.

    Raises ValueError if T or offset is negative, or if offset + T is more than max_len: P knows no further position.

    >>> P = np.array([[0.5, 1.5], [-2.0, 3.0], [0.25, -1.0], [4.0, 0.0]])
    >>> learned_positions(P, 2)
    array([[ 0.5,  1.5],
           [-2. ,  3. ]])
    >>> learned_positions(P, 1, offset=3)
    array([[4., 0.]])
    """
    raise NotImplementedError("learned_positions")
