"""What the grader of F.6 runs beside the learner's code: a computation comes as plain data, and its numbers go back."""

import gc
import operator
import tracemalloc
from types import ModuleType
from typing import Any

import numpy as np

OPERATIONS = {
    "+": lambda _, a, b: a + b,
    "-": lambda _, a, b: a - b,
    "*": lambda _, a, b: a * b,
    "tanh": lambda _, x: x.tanh(),
    "exp": lambda _, x: x.exp(),
    "log": lambda _, x: x.log(),
    "@": lambda _, a, b: operator.matmul(a, b),
    "matmul": lambda _, a, b: a.matmul(b),
    "sum": lambda _, x, **options: x.sum(**options),
    "mean": lambda _, x, **options: x.mean(**options),
    "max": lambda _, x, **options: x.max(**options),
    "reshape": lambda _, x, to, one: x.reshape(tuple(to)) if one else x.reshape(*to),
    "transpose": lambda _, x, axes, one: x.transpose(tuple(axes)) if one else x.transpose(*axes),
    "index": lambda _, x, index: x[_index(index)],
    "concat": lambda module, *tensors, **options: module.concat(list(tensors), **options),
}


def _index(parts: list[Any]) -> Any:
    """An index as it crossed: a slice is ("slice", start, stop, step), and … is "..."; a single part stands alone."""
    whole = [
        slice(*part[1:]) if isinstance(part, tuple) else ... if isinstance(part, str) else part  # None and arrays
        for part in parts
    ]
    return whole[0] if len(whole) == 1 else tuple(whole)


def run(
    module: ModuleType,
    inputs: list[Any],
    steps: list[Any],
    upstreams: list[Any],
    no_grad: bool = False,
    halve: bool = False,
) -> dict[str, Any]:
    """Make the inputs, take the steps, call backward for each upstream gradient; perhaps halve every grad in place.

    inputs: (kind, array) each; a "leaf" requires a gradient, a "constant" does not, a "plain" array is no Tensor.
    steps: (operation, places of its operands, options) each, counting inputs and earlier results.
    """
    things = [_made(module, kind, value) for kind, value in inputs]
    if no_grad:
        with module.no_grad():
            stopped = _take(module, things, steps)
    else:
        stopped = _take(module, things, steps)
    if stopped is not None:
        return {"no tensor": stopped}
    given = [upstream.copy() for upstream in upstreams]
    for upstream in upstreams:
        things[-1].backward(upstream)
    grads = [_copied(thing.grad) if isinstance(thing, module.Tensor) else None for thing in things]
    for thing in things:
        if halve and isinstance(thing, module.Tensor) and thing.grad is not None:
            thing.grad *= 0.5
    return {
        "data": [thing.data if isinstance(thing, module.Tensor) else thing for thing in things],
        "grad": grads,
        "halved": [thing.grad if isinstance(thing, module.Tensor) else None for thing in things],
        "requires_grad": [isinstance(thing, module.Tensor) and thing.requires_grad for thing in things],
        "upstream changed": not all(np.array_equal(a, b) for a, b in zip(upstreams, given, strict=True)),
    }


def _made(module: ModuleType, kind: str, value: Any) -> Any:
    if kind == "plain":
        return value
    return module.Tensor(value, requires_grad=True) if kind == "leaf" else module.Tensor(value)


def _take(module: ModuleType, things: list[Any], steps: list[Any]) -> str | None:
    for operation, places, options in steps:
        things.append(OPERATIONS[operation](module, *(things[place] for place in places), **options))
        if not isinstance(things[-1], module.Tensor):
            return type(things[-1]).__name__
    return None


def _copied(grad: Any) -> Any:
    return np.array(grad) if isinstance(grad, np.ndarray | np.generic) else grad


def index_outside(module: ModuleType, shape: tuple[int, ...], parts: list[Any]) -> None:
    """Take an element that is not there."""
    module.Tensor(np.ones(shape))[_index(parts)].data  # noqa: B018


def joined(module: ModuleType, arrays: list[Any], axis: int) -> Any:
    """concat of leaves made from these arrays, none of them included."""
    return module.concat([module.Tensor(array) for array in arrays], axis=axis).data


def kept_arrays(module: ModuleType, name: str) -> int:
    """Reduce a large leaf to a number inside no_grad, let go of the leaf; say how many such arrays are still kept.

    In whole arrays: what a Tensor itself takes, beside its data, is the learner's own business.
    """
    size = 20_000
    reductions = {
        "x.sum()": lambda x: x.sum(),
        "x.mean()": lambda x: x.mean(),
        "x.max()": lambda x: x.max(),
        "x @ x": lambda x: x.matmul(x),
    }
    small = [reductions[name](module.Tensor(np.ones(2), requires_grad=True))]  # whatever is made once is made now
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        with module.no_grad():
            small.append(reductions[name](module.Tensor(np.ones(size), requires_grad=True)))
        gc.collect()
        return round((tracemalloc.get_traced_memory()[0] - before) / (8 * size))
    finally:
        tracemalloc.stop()
