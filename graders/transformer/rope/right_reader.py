"""A third solution of 2.3, from the lesson and the stub alone: x times cosines, plus x's neighbours times sines."""

import numpy as np


def _require_pairs(d_k):
    if d_k < 2 or d_k % 2:
        raise ValueError(f"{d_k} numbers cannot be paired")


def _angles(positions, d_k, theta):
    """(...) positions -> (..., d_k // 2) radians, float64."""
    pair = np.arange(d_k // 2, dtype=np.float64)
    return np.asarray(positions, dtype=np.float64)[..., None] * float(theta) ** (-2.0 * pair / d_k)


def rope_cos_sin(max_seq_len, d_k, theta=1e4):
    _require_pairs(d_k)
    if max_seq_len < 0:
        raise ValueError("max_seq_len is negative")
    angle = _angles(np.arange(max_seq_len), d_k, theta)
    return np.cos(angle), np.sin(angle)


def _positions_for(x, token_positions):
    """Positions that line up with x without its last axis: (T,), or (B, 1, ..., 1, T)."""
    length = x.shape[-2]
    if token_positions is None:
        return np.arange(length)
    p = token_positions
    if p.shape not in [(length,), (1, length), *([(x.shape[0], length)] if x.ndim > 2 else [])]:
        raise ValueError(f"positions of shape {p.shape} do not belong to x of shape {x.shape}")
    if np.any(p < 0):
        raise ValueError("a position is negative")
    if p.ndim == 1 or len(p) == 1:
        return p.reshape(length)
    return np.expand_dims(p, tuple(range(1, x.ndim - 2)))  # axes between B and T share the row


def _turn(x, token_positions, theta, way):
    d_k = x.shape[-1]
    _require_pairs(d_k)
    angle = way * _angles(_positions_for(x, token_positions), d_k, theta)  # (..., T, d_k // 2)
    cos = np.repeat(np.cos(angle), 2, axis=-1).astype(x.dtype)
    sin = np.repeat(np.sin(angle), 2, axis=-1).astype(x.dtype)
    sin[..., 0::2] *= -1
    neighbour = x[..., np.arange(d_k) ^ 1]  # 1, 0, 3, 2, ...
    return x * cos + neighbour * sin


def apply_rope(x, token_positions, theta=1e4):
    return _turn(x, token_positions, theta, 1.0)


def apply_rope_backward(dy, token_positions, theta=1e4):
    return _turn(dy, token_positions, theta, -1.0)
