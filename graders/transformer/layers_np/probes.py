"""What the grader of 2.1 runs beside the learner's code: caches stay there, and only there memory can be shared."""

import tracemalloc
from types import ModuleType
from typing import Any

import numpy as np


def repeated(module: ModuleType, layer: str, args: tuple[Any, ...], dy: Any) -> dict[str, Any]:
    """Run forward once and backward twice; say what backward changed, and return the gradients of both times."""
    *_, cache = getattr(module, f"{layer}_forward")(*args)
    backward = getattr(module, f"{layer}_backward")
    watched = [*args, dy]
    before = [np.array(one) if isinstance(one, np.ndarray) else one for one in watched]
    first = _copied(backward(dy, cache))
    changed = [
        place for place, one in enumerate(watched) if isinstance(one, np.ndarray) and _differs(one, before[place])
    ]
    return {"changed": changed, "first": first, "second": backward(dy, cache)}


def interleaved(module: ModuleType, layer: str, calls: list[tuple[tuple[Any, ...], Any]]) -> list[Any]:
    """Run every forward, then every backward, the last first; return the gradients in the order of the calls."""
    caches = [getattr(module, f"{layer}_forward")(*args)[-1] for args, _ in calls]
    backward = getattr(module, f"{layer}_backward")
    results = [_copied(backward(dy, cache)) for (_, dy), cache in reversed(list(zip(calls, caches, strict=True)))]
    return results[::-1]


def sharing(module: ModuleType, layer: str, args: tuple[Any, ...], dy: Any) -> list[list[int]]:
    """Return, for y and for every gradient, which of the arguments and dy (the last) it shares memory with."""
    *outputs, cache = getattr(module, f"{layer}_forward")(*args)
    gradients = getattr(module, f"{layer}_backward")(dy, cache)
    results = [*outputs, *(gradients if isinstance(gradients, tuple | list) else [gradients])]
    return [[place for place, given in enumerate([*args, dy]) if _shared(one, given)] for one in results]


def backward_holds(module: ModuleType, layer: str, args: tuple[Any, ...], dy: Any, most: int) -> bool:
    """Say whether one backward had `most` bytes or more allocated at once, its result included.

    Not the bytes themselves: they differ with every style, and versions that behave alike should look alike.
    """
    *_, cache = getattr(module, f"{layer}_forward")(*args)
    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        getattr(module, f"{layer}_backward")(dy, cache)
        return tracemalloc.get_traced_memory()[1] - base >= most
    finally:
        tracemalloc.stop()


def refusal(module: ModuleType, ids: Any, E: Any) -> str:
    """Say how a lookup refuses its ids: "TypeError or IndexError" for either, else the error's name; "" if it does not.

    Either is right, so versions that raise the one or the other should look alike.
    """
    try:
        module.embedding_forward(ids, E)
    except (TypeError, IndexError):
        return "TypeError or IndexError"
    except NotImplementedError:
        raise
    except Exception as error:  # whatever it is, the other side judges it
        return type(error).__name__
    return ""


def _shared(one: Any, given: Any) -> bool:
    return isinstance(one, np.ndarray) and isinstance(given, np.ndarray) and np.shares_memory(one, given)


def _differs(one: Any, before: Any) -> bool:
    return one.shape != before.shape or one.tobytes() != before.tobytes()


def _copied(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return tuple(_copied(one) for one in value)
    return np.array(value) if isinstance(value, np.ndarray) else value
