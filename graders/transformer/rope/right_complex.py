"""Another right 2.3: a pair is a complex number and a rotation one product; positions are spread out in full."""

import numpy as np


def _angles(places, d_k, theta):
    if d_k <= 0 or d_k % 2:
        raise ValueError("d_k must be even")
    return np.multiply.outer(places, np.exp(np.log(theta) * (-2.0 / d_k) * np.arange(d_k // 2)))


def rope_cos_sin(max_seq_len, d_k, theta=1e4):
    if max_seq_len < 0:
        raise ValueError("max_seq_len")
    z = np.exp(1j * _angles(np.arange(max_seq_len), d_k, theta))
    return z.real, z.imag


def _spread(x, given):
    wanted = x.shape[:-1]
    if given is None:
        given = np.arange(wanted[-1])
    if given.ndim not in (1, 2) or given.shape[-1] != wanted[-1]:
        raise ValueError("one position for each token")
    if (given < 0).any():
        raise ValueError("positions start at 0")
    if given.ndim == 2 and len(given) == 1:
        given = given.ravel()
    if given.ndim == 2:
        while given.ndim < len(wanted):
            given = given[:, None]
    return np.broadcast_to(given, wanted)  # it refuses another number of sequences


def _multiply(x, given, theta, sign):
    turn = np.exp(sign * 1j * _angles(_spread(x, given), x.shape[-1], theta))
    z = np.ascontiguousarray(x, dtype=np.float64).view(np.complex128) * turn
    return z.view(np.float64).astype(x.dtype)


def apply_rope(x, token_positions, theta=1e4):
    return _multiply(x, token_positions, theta, +1)


def apply_rope_backward(dy, token_positions, theta=1e4):
    return _multiply(dy, token_positions, theta, -1)
