"""2.5 GELU, SiLU, and the feed-forward layers that use them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Cache = tuple[Any, ...]

ROOT = math.sqrt(2 / math.pi)


def gelu(x: np.ndarray, approximate: str = "none") -> np.ndarray:
    if approximate == "none":
        return x * _normal_cdf(x)
    if approximate == "tanh":
        return x * (1 + np.tanh(ROOT * (x + 0.044715 * x**3))) / 2
    raise ValueError(f"approximate is {approximate!r}: none or tanh")


def silu(x: np.ndarray) -> np.ndarray:
    return x * _sigmoid(x)


def swiglu_d_ff(d: int, multiple_of: int = 64) -> int:
    # 8/3 · d / m, rounded half up, in whole numbers: floor((16·d + 3·m) / (6·m))
    return max((16 * d + 3 * multiple_of) // (6 * multiple_of), 1) * multiple_of


def swiglu_forward(x: np.ndarray, W1: np.ndarray, W2: np.ndarray, W3: np.ndarray) -> tuple[np.ndarray, Cache]:
    d, d_ff = x.shape[-1], len(W1)
    _require(W1, (d_ff, d))
    _require(W3, (d_ff, d))
    _require(W2, (d, d_ff))
    gate, value = x @ W1.T, x @ W3.T  # (..., d_ff)
    y = (silu(gate) * value) @ W2.T
    return y, (x, W1, W2, W3, gate, value)


def swiglu_backward(dy: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    x, W1, W2, W3, gate, value = cache
    opened = silu(gate)
    dh = dy @ W2  # (..., d_ff)
    dW2 = _outer(dy, opened * value)
    dvalue = dh * opened
    sigma = _sigmoid(gate)
    dgate = dh * value * sigma * (1 + gate * (1 - sigma))
    dx = dgate @ W1 + dvalue @ W3  # x is read twice
    return dx, _outer(dgate, x), dW2, _outer(dvalue, x)


def ffn_forward(
    x: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> tuple[np.ndarray, Cache]:
    d, d_ff = x.shape[-1], len(W1)
    _require(W1, (d_ff, d))
    _require(b1, (d_ff,))
    _require(W2, (d, d_ff))
    _require(b2, (d,))
    h = x @ W1.T + b1  # (..., d_ff)
    y = gelu(h) @ W2.T + b2
    return y, (x, W1, W2, h)


def ffn_backward(dy: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    x, W1, W2, h = cache
    dW2, db2 = _outer(dy, gelu(h)), _rows(dy).sum(axis=0)
    density = np.exp(-h * h / 2) / math.sqrt(2 * math.pi)
    dh = (dy @ W2) * (_normal_cdf(h) + h * density)
    return dh @ W1, _outer(dh, x), _rows(dh).sum(axis=0), dW2, db2


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    """Φ(x), exact far to the left, too: 1 + erf would lose its digits there."""
    values = [math.erfc(-v / math.sqrt(2)) / 2 for v in x.ravel().tolist()]
    return np.array(values, dtype=x.dtype).reshape(x.shape)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))  # never above 1
    return np.where(x >= 0, 1, e) / (1 + e)


def _rows(x: np.ndarray) -> np.ndarray:
    return x.reshape(-1, x.shape[-1])


def _outer(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The gradient of W in x @ W.T: (..., out), (..., in) -> (out, in), summed over all rows."""
    return _rows(dy).T @ _rows(x)


def _require(parameter: np.ndarray, shape: tuple[int, ...]) -> None:
    if parameter.shape != shape:
        raise ValueError(f"a weight or bias has shape {parameter.shape}, expected {shape}")
