"""2.3 RoPE, forward and backward."""

import numpy as np


def rope_cos_sin(max_seq_len: int, d_k: int, theta: float = 1e4) -> tuple[np.ndarray, np.ndarray]:
    if max_seq_len < 0:
        raise ValueError(f"{max_seq_len} positions")
    return _cos_sin(np.arange(max_seq_len), d_k, theta)


def _cos_sin(positions: np.ndarray, d_k: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """One cosine and sine for each position and pair: positions of any shape give (*positions.shape, d_k // 2)."""
    if d_k <= 0 or d_k % 2 != 0:
        raise ValueError(f"{d_k} numbers cannot be paired")
    frequencies = theta ** (-np.arange(0, d_k, 2) / d_k)  # (d_k/2,), float64
    angles = positions[..., None] * frequencies
    return np.cos(angles), np.sin(angles)


def _positions(x: np.ndarray, token_positions: np.ndarray | None) -> np.ndarray:
    """Return the positions so that they broadcast against x without its last axis: (T,) or (B, 1, …, 1, T)."""
    *leading, T, _ = x.shape
    if token_positions is None:
        return np.arange(T)
    if token_positions.shape not in [(T,), (1, T), (*leading[:1], T)]:
        raise ValueError(f"positions of shape {token_positions.shape} for x of shape {x.shape}")
    if np.any(token_positions < 0):
        raise ValueError("a negative position")
    if token_positions.size == T:
        return token_positions.reshape(T)
    heads = [1] * (len(leading) - 1)  # what stands between B and T shares the row
    return token_positions.reshape(leading[0], *heads, T)


def _turned(x: np.ndarray, token_positions: np.ndarray | None, theta: float, direction: int) -> np.ndarray:
    cos, sin = _cos_sin(_positions(x, token_positions), x.shape[-1], theta)
    cos, sin = cos.astype(x.dtype), (direction * sin).astype(x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]  # both (..., T, d_k/2)
    y = np.empty_like(x)
    y[..., 0::2] = a * cos - b * sin
    y[..., 1::2] = a * sin + b * cos
    return y


def apply_rope(x: np.ndarray, token_positions: np.ndarray | None, theta: float = 1e4) -> np.ndarray:
    return _turned(x, token_positions, theta, 1)


def apply_rope_backward(dy: np.ndarray, token_positions: np.ndarray | None, theta: float = 1e4) -> np.ndarray:
    return _turned(dy, token_positions, theta, -1)  # a rotation's transpose is the rotation back
