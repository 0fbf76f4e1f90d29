"""What the grader of F.5 runs beside the learner's code: a computation comes as plain data, and its numbers go back."""

import contextvars
import copy
import gc
import operator
import threading
import tracemalloc
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "neg": operator.neg,
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "tanh": lambda x: x.tanh(),
    "relu": lambda x: x.relu(),
}


def run(
    module: ModuleType, inputs: list[Any], steps: list[Any], upstreams: list[Any], outputs: list[int] | None = None
) -> dict[str, Any]:
    """Make the inputs, take the steps, call backward once for each upstream gradient (None: without one).

    inputs: (kind, value) each; a "leaf" requires a gradient, a "constant" does not, a "plain" value is no Tensor.
    steps: (operation, places of its operands) each, counting inputs and earlier results.
    outputs: from where each backward starts; without it, from the last result.
    """
    things = [_made(module, kind, value) for kind, value in inputs]
    for operation, places in steps:
        things.append(OPERATIONS[operation](*(things[place] for place in places)))
        if not isinstance(things[-1], module.Tensor):
            return {"no tensor": type(things[-1]).__name__}
    given = copy.deepcopy(upstreams)
    for place, upstream in zip(outputs or [-1] * len(upstreams), upstreams, strict=True):
        things[place].backward() if upstream is None else things[place].backward(upstream)
    return {
        "data": [_part(thing, "data", module) for thing in things],
        "grad": [_part(thing, "grad", module) for thing in things],
        "requires_grad": [_part(thing, "requires_grad", module) for thing in things],
        "upstream changed": not all(np.array_equal(a, b) for a, b in zip(upstreams, given, strict=True)),
    }


def _made(module: ModuleType, kind: str, value: Any) -> Any:
    if kind == "plain":
        return value
    return module.Tensor(value, requires_grad=True) if kind == "leaf" else module.Tensor(value)


def _part(thing: Any, name: str, module: ModuleType) -> Any:
    return getattr(thing, name) if isinstance(thing, module.Tensor) else None


def made(module: ModuleType, value: Any, **kwargs: Any) -> dict[str, Any]:
    """Make one Tensor; return what it shows."""
    tensor = module.Tensor(value, **kwargs)
    return {
        "data": tensor.data,
        "array": isinstance(tensor.data, np.ndarray | np.generic),
        "grad": tensor.grad,
        "requires_grad": tensor.requires_grad,
    }


def owned(module: ModuleType, array: np.ndarray) -> dict[str, Any]:
    """Make a Tensor of an array, write into the array, then into the tensor's data; return the other side each time."""
    array, values = array.copy(), array.copy()
    tensor = module.Tensor(array)
    array += 1
    seen = np.array(tensor.data)
    array[...] = values
    tensor.data *= 3
    return {"tensor": seen, "array": array}


def aliased(module: ModuleType, x: np.ndarray, upstream: np.ndarray) -> dict[str, Any]:
    """Add three leaves (one of them twice), go backward, halve one leaf's grad in place; return every grad then."""
    a, b, c = (module.Tensor(x, requires_grad=True) for _ in range(3))
    upstream = upstream.copy()
    (a + b + c + c).backward(upstream)
    a.grad *= 0.5
    return {"a": a.grad, "b": b.grad, "c": c.grad, "upstream": upstream}


def leaf_backward(module: ModuleType, x: np.ndarray, upstream: np.ndarray) -> dict[str, Any]:
    """Go backward from a leaf itself, then write into the upstream array; return the leaf's grad before and after."""
    leaf, upstream = module.Tensor(x, requires_grad=True), upstream.copy()
    leaf.backward(upstream)
    before = np.array(leaf.grad)
    upstream *= 2
    return {"before": before, "after": leaf.grad}


def chain(module: ModuleType, length: int) -> Any:
    """y ← y · 1.0 + x, `length` / 2 times; return x's gradient."""
    x = module.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(length // 2):
        y = y * 1.0 + x
    y.backward()
    return x.grad


def doublings(module: ModuleType, times: int) -> Any:
    """y ← y + y, starting from x; return x's gradient."""
    x = module.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(times):
        y = y + y
    y.backward()
    return x.grad


def without_grad(module: ModuleType, x: np.ndarray) -> dict[str, Any]:
    """Compute 2·x + x inside no_grad; return the value, and which tensors require a gradient."""
    leaf = module.Tensor(x, requires_grad=True)
    with module.no_grad():
        y = 2 * leaf + leaf
        inside = module.Tensor(x, requires_grad=True)
    return {"value": y.data, "result": y.requires_grad, "leaf": leaf.requires_grad, "leaf inside": inside.requires_grad}


def backward_without_grad(module: ModuleType, inside: bool) -> None:
    """Call backward on a tensor that does not require a gradient: a result of no_grad, or of constants only."""
    if inside:
        x = module.Tensor(2.0, requires_grad=True)
        with module.no_grad():
            y = x * 3
    else:
        y = module.Tensor(2.0) * 3
    y.backward()


def recording(module: ModuleType, story: list[str]) -> list[bool]:
    """Follow a story of "enter", "leave" and "raise"; after each, say whether an operation is recorded.

    What stays switched off is switched on again afterwards: all other properties would fail as well, and not say why.
    """
    before = _switches(module)
    try:
        return contextvars.copy_context().run(_recorded, module, story)
    finally:
        for owner, name, value, held in before:
            if isinstance(value, list):
                value[:] = held
            elif isinstance(value, dict):
                value.clear()
                value.update(held)
            if vars(owner).get(name) is not value:
                setattr(owner, name, value)


def _switches(module: ModuleType) -> list[tuple[Any, str, Any, Any]]:
    """Where a module may keep whether operations are recorded: plain variables, its own, its classes', its objects'.

    Each as (owner, name, value, what a list or dict holds now).
    """
    names = [one for name, one in vars(module).items() if not name.startswith("__")]
    mine = [one for one in names if getattr(one, "__module__", "") == module.__name__]
    mine += [module, *(one for one in names if isinstance(one, SimpleNamespace | threading.local))]
    return [
        (owner, name, value, copy.copy(value))
        for owner in mine
        for name, value in getattr(owner, "__dict__", {}).items()
        if isinstance(value, bool | int | list | dict) and not name.startswith("__")
    ]


def _recorded(module: ModuleType, story: list[str]) -> list[bool]:
    x, open_contexts, seen = module.Tensor(1.0, requires_grad=True), [], []
    for event in story:
        if event == "enter":
            open_contexts.append(module.no_grad())
            open_contexts[-1].__enter__()
        else:
            _leave(open_contexts.pop(), KeyError("inside") if event == "raise" else None)
        seen.append((x * 2).requires_grad)
    return seen


def _leave(context: Any, error: Exception | None) -> None:
    try:
        swallowed = context.__exit__(type(error) if error else None, error, None)
    except KeyError:
        return
    if error is not None and swallowed:
        raise RuntimeError("no_grad swallowed the exception that was raised inside it")


def kept_arrays(module: ModuleType, where: str, steps: int) -> int:
    """x ← x · 1.01, many times, inside no_grad or on a constant; return how many arrays' worth of memory is kept.

    In whole arrays: what a Tensor itself takes, beside its data, is the learner's own business.
    """
    size = 20_000
    tensor = module.Tensor(np.ones(size), requires_grad=where == "no_grad")
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        if where == "no_grad":
            with module.no_grad():
                for _ in range(steps):
                    tensor = tensor * 1.01
        else:
            for _ in range(steps):
                tensor = tensor * 1.01
        gc.collect()
        return round((tracemalloc.get_traced_memory()[0] - before) / (8 * size))
    finally:
        tracemalloc.stop()
