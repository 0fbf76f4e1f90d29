"""Another right 2.2: a pair is a complex number, i·e^(−iθ) = sin θ + i·cos θ; learned rows are taken by index."""

import numpy as np


def sinusoidal_positions(T, d, base=10000.0):
    pairs, odd = divmod(d, 2)
    if odd or pairs < 1 or T < 0:
        raise ValueError("T or d")
    slower = np.exp(-np.log(base) * np.linspace(0.0, 1.0, pairs, endpoint=False))
    turned = 1j * np.exp(-1j * np.outer(np.arange(T), slower))
    return np.stack([turned.real, turned.imag], axis=-1).reshape(T, d)


def learned_positions(P, T, offset=0):
    places = np.arange(T) + offset
    if T < 0 or not 0 <= offset <= len(P) - T:
        raise ValueError("outside the table")
    return np.take(P, places, axis=0)
