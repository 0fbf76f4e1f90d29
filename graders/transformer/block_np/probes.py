"""What the grader of 2.9 runs beside the learner's code: caches stay there, and so do views that repeat."""

import warnings
from types import ModuleType
from typing import Any

import numpy as np


def silent(module: ModuleType, args: tuple[Any, ...], dy: np.ndarray) -> dict[str, Any]:
    """Run a forward and its backward; return y, what backward gave, and every warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        y, cache = module.block_forward(*args)
        grads = module.block_backward(dy, cache)
    return {"y": y, "grads": grads, "warnings": [str(warning.message) for warning in caught]}


def repeated(module: ModuleType, args: tuple[Any, ...], dy: np.ndarray, copies: int) -> tuple[Any, Any]:
    """Run both on a batch of `copies` sequences that lie in memory once, as np.broadcast_to makes them."""
    x = np.broadcast_to(args[0], (copies, *args[0].shape))
    y, cache = module.block_forward(x, *args[1:])
    return y, module.block_backward(np.broadcast_to(dy, (copies, *dy.shape)), cache)


def in_turn(
    module: ModuleType, first: tuple[Any, ...], second: tuple[Any, ...], dy: np.ndarray, other: np.ndarray
) -> dict[str, Any]:
    """Two forwards, then the backward of the first, of the second, and of the first again; and what they wrote into."""
    x, params = first[:2]
    watched = {"x": x, "dy": dy} | params
    before = {name: np.array(one) for name, one in watched.items()}
    _, cache = module.block_forward(*first)
    _, later = module.block_forward(*second)
    once = _copied(module.block_backward(dy, cache))
    module.block_backward(other, later)
    again = _copied(module.block_backward(dy, cache))
    changed = [name for name, one in watched.items() if not np.array_equal(one, before[name])]
    if params.keys() != before.keys() - {"x", "dy"}:
        changed.append("the keys of params")
    return {"once": once, "again": again, "changed": changed}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_copied(one) for one in value)
    return np.array(value) if isinstance(value, np.ndarray) else value
