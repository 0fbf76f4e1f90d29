"""Another right 2.3: a loop over the tokens, a 2 × 2 matrix for each pair; backward multiplies by its transpose."""

import math

import numpy as np


def _rates(d_k, theta):
    if d_k % 2 == 1 or d_k < 1:
        raise ValueError(d_k)
    return [1.0 / theta ** (2 * i / d_k) for i in range(d_k // 2)]


def rope_cos_sin(max_seq_len, d_k, theta=1e4):
    rates = _rates(d_k, theta)
    if max_seq_len < 0:
        raise ValueError(max_seq_len)
    angles = np.array([[p * rate for rate in rates] for p in range(max_seq_len)]).reshape(max_seq_len, d_k // 2)
    return np.cos(angles), np.sin(angles)


def _position(token_positions, place):
    if token_positions is None:
        return place[-1]
    if token_positions.ndim == 1:
        return int(token_positions[place[-1]])
    return int(token_positions[place[0] if len(token_positions) > 1 else 0, place[-1]])


def _fits(token_positions, lengths):
    if token_positions is None:
        return True
    *rows, T = token_positions.shape
    return lengths[-1] == T and (not rows or rows == [1] or (len(lengths) > 1 and rows == [lengths[0]]))


def _each_token(x, token_positions, theta, transposed):
    *lengths, d_k = x.shape
    rates = _rates(d_k, theta)
    if not _fits(token_positions, lengths) or (token_positions is not None and (token_positions < 0).any()):
        raise ValueError("token_positions")
    out = np.zeros(x.shape, dtype=x.dtype)
    for place in np.ndindex(*lengths):
        p = _position(token_positions, place)
        for i, rate in enumerate(rates):
            c, s = math.cos(p * rate), math.sin(p * rate)
            turn = np.array([[c, -s], [s, c]])
            pair = x[place][2 * i : 2 * i + 2]
            out[place][2 * i : 2 * i + 2] = (turn.T if transposed else turn) @ pair
    return out


def apply_rope(x, token_positions, theta=1e4):
    return _each_token(x, token_positions, theta, False)


def apply_rope_backward(dy, token_positions, theta=1e4):
    return _each_token(dy, token_positions, theta, True)
