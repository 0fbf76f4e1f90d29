"""A third solution of 2.2, from the lesson and the stub alone: an angle for every column, a mask for the cosines."""

import numpy as np


def sinusoidal_positions(T, d, base=10000.0):
    if T < 0:
        raise ValueError(f"T is {T}")
    if d < 2 or d % 2 == 1:
        raise ValueError(f"d is {d}, expected an even number from 2 up")
    pair, second = np.divmod(np.arange(d), 2)  # 0 0 1 1 ..., and 0 1 0 1 ...
    speed = np.power(float(base), -2.0 * pair / d)  # (d,)
    angle = np.outer(np.arange(T, dtype=np.float64), speed)  # (T, d)
    return np.where(second, np.cos(angle), np.sin(angle))


def learned_positions(P, T, offset=0):
    places = range(offset, offset + T)
    if min(T, offset) < 0 or offset + T > len(P):
        raise ValueError(f"positions {offset} to {offset + T - 1}, but P has {len(P)}")
    return np.take(P, np.array(places, dtype=np.intp), axis=0)
