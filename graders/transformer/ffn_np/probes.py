"""What the grader of 2.5 runs beside the learner's code: a backward asked twice, and a pass with its warnings."""

from types import ModuleType
from typing import Any

import numpy as np


def backward_twice(
    module: ModuleType, name: str, args: tuple[np.ndarray, ...], one: np.ndarray, other: np.ndarray
) -> dict[str, Any]:
    """Run a forward once and its backward for two upstream gradients.

    Return both answers, the first dy after, and the places of those arguments of forward that backward changed.
    """
    _, cache = getattr(module, f"{name}_forward")(*args)
    backward, before = getattr(module, f"{name}_backward"), [np.array(argument) for argument in args]
    first = tuple(np.array(gradient) for gradient in backward(one, cache))
    changed = [place for place, was in enumerate(before) if not np.array_equal(args[place], was)]
    return {"first": first, "second": backward(other, cache), "dy": one, "changed": changed}


def in_silence(module: ModuleType, name: str, args: tuple[Any, ...], dy: np.ndarray | None = None) -> dict[str, Any]:
    """Run a forward, and with `dy` its backward; return y or the gradients, whether it warned, and every warning."""
    import warnings  # noqa: PLC0415 - only here

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value, cache = getattr(module, f"{name}_forward")(*args)
        if dy is not None:
            value = getattr(module, f"{name}_backward")(dy, cache)
    texts = [str(warning.message) for warning in caught]
    return {"value": value, "warned": bool(texts), "warnings": texts}
