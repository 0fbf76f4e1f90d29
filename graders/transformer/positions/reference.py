"""2.2 Positions: sinusoidal and learned."""

import numpy as np


def sinusoidal_positions(T: int, d: int, base: float = 10000.0) -> np.ndarray:
    if d <= 0 or d % 2 != 0:
        raise ValueError(f"{d} columns cannot be paired")
    frequencies = base ** (-np.arange(0, d, 2) / d)  # (d/2,): radians a position, from 1 down
    angles = np.arange(T)[:, None] * frequencies  # (T, d/2)
    table = np.empty((T, d))  # NumPy refuses a negative T
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table


def learned_positions(P: np.ndarray, T: int, offset: int = 0) -> np.ndarray:
    if T < 0 or offset < 0:
        raise ValueError(f"{T} positions from {offset}")
    if offset + T > len(P):  # a slice would come back short, without a word
        raise ValueError(f"more positions than the {len(P)} of the table")
    return P[offset : offset + T]
