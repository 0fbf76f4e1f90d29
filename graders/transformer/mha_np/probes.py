"""What the grader of 2.8 runs beside the learner's code: caches stay there, and so do views that repeat."""

import warnings
from types import ModuleType
from typing import Any

import numpy as np


def silent(module: ModuleType, args: tuple[Any, ...], dout: np.ndarray) -> dict[str, Any]:
    """Run a forward and its backward; return out, the gradients and every warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out, cache = module.mha_forward(*args)
        grads = module.mha_backward(dout, cache)
    return {"out": out, "grads": grads, "warnings": [str(warning.message) for warning in caught]}


def repeated(module: ModuleType, args: tuple[Any, ...], dout: np.ndarray, copies: int) -> tuple[Any, Any]:
    """Run both on a batch of `copies` sequences that lie in memory once, as np.broadcast_to makes them."""
    x = np.broadcast_to(args[0], (copies, *args[0].shape))
    out, cache = module.mha_forward(x, *args[1:])
    return out, module.mha_backward(np.broadcast_to(dout, (copies, *dout.shape)), cache)


def in_turn(
    module: ModuleType, first: tuple[Any, ...], second: tuple[Any, ...], dout: np.ndarray, other: np.ndarray
) -> dict[str, Any]:
    """Two forwards, then the backward of the first, of the second, and of the first again; and what they wrote into."""
    watched = [*first[:5], dout]
    before = [np.array(one) for one in watched]
    _, cache = module.mha_forward(*first)
    _, later = module.mha_forward(*second)
    once = _copied(module.mha_backward(dout, cache))
    module.mha_backward(other, later)
    again = _copied(module.mha_backward(dout, cache))
    changed = [place for place, one in enumerate(watched) if not np.array_equal(one, before[place])]
    return {"once": once, "again": again, "changed": changed}


def _copied(grads: Any) -> Any:
    return tuple(np.array(one) for one in grads) if isinstance(grads, tuple | list) else grads
