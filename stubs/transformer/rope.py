"""2.3 RoPE: rotary position embedding. Queries and keys are turned by their position, forward and backward.

Write the functions in the order they stand here. What holds for all of them:

- Numbers come in pairs: 2i and 2i + 1 along the last axis. Pair i of d_k numbers turns by theta^(−2i/d_k) radians for
  each position. Angles are made in float64 whatever the dtype of x: position 100,000 is as exact as position 1.
- x and dy are float32 or float64, any order in memory; a result has the shape and dtype of what went in.
- No argument is changed, and no result shares memory with an argument.
- An odd d_k, or one less than 2, raises ValueError.
"""

import numpy as np


def rope_cos_sin(max_seq_len: int, d_k: int, theta: float = 1e4) -> tuple[np.ndarray, np.ndarray]:
    """Return (cos, sin), both (max_seq_len, d_k // 2), float64: of the angle of every position and pair.

    The angle of position p, from 0, and pair i, from 0, is p · theta^(−2i/d_k). max_seq_len may be 0.

    Raises ValueError if max_seq_len is negative.

    >>> cos, sin = rope_cos_sin(3, 4, theta=100.0)
    >>> cos.round(4)
    array([[ 1.    ,  1.    ],
           [ 0.5403,  0.995 ],
           [-0.4161,  0.9801]])
    >>> sin.round(4)
    array([[0.    , 0.    ],
           [0.8415, 0.0998],
           [0.9093, 0.1987]])
    """
    raise NotImplementedError("rope_cos_sin")


def apply_rope(x: np.ndarray, token_positions: np.ndarray | None, theta: float = 1e4) -> np.ndarray:
    """Turn every pair (a, b) of x by the angle α of its token's position: (a cos α − b sin α, a sin α + b cos α).

    The pair stays in its two places, 2i and 2i + 1.

    x: (T, d_k), (B, T, d_k), (B, H, T, d_k) with heads, or with more axes between B and T; T, B and H may be 0
    token_positions: 0 or more, of any integer dtype, in any order, repeated or with gaps; there is no largest. One of
        None            0 … T − 1
        (T,) or (1, T)  the same for every sequence and every head
        (B, T)          a row for each index of the *first* axis of x; axes between it and T (heads) share the row
    Returns the shape of x.

    Raises ValueError if a position is negative, or if token_positions has none of these shapes: the wrong T, the wrong
    B, or two rows or more for an x of (T, d_k).

    >>> x = np.array([[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]])
    >>> apply_rope(x, None, theta=100.0).round(4)
    array([[ 1.    ,  0.    ,  1.    ,  0.    ],
           [ 0.5403,  0.8415, -0.0998,  0.995 ]])
    >>> apply_rope(x[1:], np.array([2]), theta=100.0).round(4)
    array([[-0.4161,  0.9093, -0.1987,  0.9801]])
    """
    raise NotImplementedError("apply_rope")


def apply_rope_backward(dy: np.ndarray, token_positions: np.ndarray | None, theta: float = 1e4) -> np.ndarray:
    """Return dx, the gradient of sum(dy · apply_rope(x, token_positions, theta)). It needs no x.

    dy: the shape of x. token_positions, theta and the errors are those of apply_rope.

    >>> apply_rope_backward(np.array([[0.0, 1.0]]), np.array([1])).round(4)
    array([[0.8415, 0.5403]])
    """
    raise NotImplementedError("apply_rope_backward")
