"""Another right 2.2: one number at a time with the math module; rows copied one by one."""

import math

import numpy as np


def sinusoidal_positions(T, d, base=10000.0):
    if d % 2 or d <= 0:
        raise ValueError("pairs need an even d")
    if T < 0:
        raise ValueError("a table cannot have fewer rows than none")
    rows = []
    for p in range(T):
        row = []
        for i in range(d // 2):
            angle = p / math.pow(base, 2 * i / d)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(T, d)


def learned_positions(P, T, offset=0):
    max_len, d = P.shape
    if min(T, offset) < 0 or max_len - offset < T:
        raise ValueError("no such positions")
    out = np.empty((T, d), dtype=P.dtype)
    for row in range(T):
        out[row] = P[row + offset]
    return out
