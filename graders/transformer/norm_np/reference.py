"""2.4 LayerNorm and RMSNorm, forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np

Cache = tuple[Any, ...]


def layernorm_forward(x: np.ndarray, g: np.ndarray, b: np.ndarray, eps: float = 1e-5) -> tuple[np.ndarray, Cache]:
    _require_shape(x, g, b)
    wide = _wide(x)
    centred = wide - wide.mean(axis=-1, keepdims=True)  # first the mean, then the squares: no digits are lost
    rstd = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)  # (..., 1)
    x_hat = centred * rstd  # (..., d)
    y = x_hat * g + b
    return y.astype(x.dtype), (x_hat, rstd, g, x.dtype)


def layernorm_backward(dy: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x_hat, rstd, g, dtype = cache
    dy = _wide(dy)
    dx_hat = dy * g
    # x̂ has no part along 1 and (nearly) none along itself left to change: both are taken off.
    along_one = dx_hat.mean(axis=-1, keepdims=True)
    along_x_hat = (dx_hat * x_hat).mean(axis=-1, keepdims=True)
    dx = rstd * (dx_hat - along_one - x_hat * along_x_hat)
    return dx.astype(dtype), _over_rows(dy * x_hat).astype(dtype), _over_rows(dy).astype(dtype)


def rmsnorm_forward(x: np.ndarray, g: np.ndarray, eps: float = 1e-5) -> tuple[np.ndarray, Cache]:
    _require_shape(x, g)
    wide = _wide(x)
    rrms = 1 / np.sqrt((wide**2).mean(axis=-1, keepdims=True) + eps)  # (..., 1)
    x_hat = wide * rrms  # (..., d)
    y = x_hat * g
    return y.astype(x.dtype), (x_hat, rrms, g, x.dtype)


def rmsnorm_backward(dy: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray]:
    x_hat, rrms, g, dtype = cache
    dy = _wide(dy)
    dx_hat = dy * g
    along_x_hat = (dx_hat * x_hat).mean(axis=-1, keepdims=True)
    dx = rrms * (dx_hat - x_hat * along_x_hat)
    return dx.astype(dtype), _over_rows(dy * x_hat).astype(dtype)


def _wide(x: np.ndarray) -> np.ndarray:
    """Float16 as float32; the others as they are."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def _over_rows(x: np.ndarray) -> np.ndarray:
    """The sum over all leading axes: (..., d) -> (d,)."""
    return x.reshape(-1, x.shape[-1]).sum(axis=0)


def _require_shape(x: np.ndarray, *parameters: np.ndarray) -> None:
    for parameter in parameters:
        if parameter.shape != x.shape[-1:]:
            raise ValueError(f"a gain or bias of shape {parameter.shape} does not fit x of shape {x.shape}")
