"""What the grader of 2.4 runs beside the learner's code: a backward pass asked twice, and what it leaves behind."""

from types import ModuleType
from typing import Any

import numpy as np


def backward_twice(
    module: ModuleType, name: str, args: tuple[np.ndarray, ...], one: np.ndarray, other: np.ndarray
) -> dict[str, Any]:
    """Run a forward once and its backward for two upstream gradients; return both answers, and the first dy after."""
    _, cache = getattr(module, f"{name}_forward")(*args)
    backward = getattr(module, f"{name}_backward")
    first = tuple(np.array(gradient) for gradient in backward(one, cache))
    return {"first": first, "second": backward(other, cache), "dy": one}


def in_silence(module: ModuleType, name: str, args: tuple[Any, ...], dy: np.ndarray | None = None) -> dict[str, Any]:
    """Run a forward, and with `dy` its backward; return y or the gradients, and every warning."""
    import warnings  # noqa: PLC0415 - only here

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value, cache = getattr(module, f"{name}_forward")(*args)
        if dy is not None:
            value = getattr(module, f"{name}_backward")(dy, cache)
    return {"value": value, "warnings": [str(warning.message) for warning in caught]}
