"""What the grader of F.4 runs beside the learner's code: models live there; numbers and lists come back.

`made` is how a model is asked for: its class, the arguments, and the numbers its parameters get (None: as drawn).
"""

import random
from types import ModuleType
from typing import Any

from course.grading.probes import find_function

Made = tuple[str, tuple[Any, ...], dict[str, Any], list[float] | None]


def _build(module: ModuleType, made: Made, seed: int | None = 0) -> Any:
    """Make a model, from a seed: what it draws, and keeps of that, must be the same when it is replayed."""
    name, args, kwargs, values = made
    if seed is not None:
        random.seed(seed)
    model = find_function(module, name)(*args, **kwargs)
    for p, value in zip(model.parameters(), values or (), strict=False):
        p.data = value
    return model


def _plain(out: Any) -> Any:
    """A Value as its number, a list of Values as a list of numbers; anything else as words, "of type int"."""
    from minillm.foundations.engine import Value  # noqa: PLC0415 - the learner's own; it can be found only once the step runs

    if isinstance(out, list | tuple):
        return [_plain(one) for one in out]
    return out.data if isinstance(out, Value) else f"of type {type(out).__name__}"


def _values(numbers: list[float]) -> list[Any]:
    from minillm.foundations.engine import Value  # noqa: PLC0415

    return [Value(number) for number in numbers]


# ---------------------------------------------------------------- modules and models


def base_module(module: ModuleType, data: list[float], grads: list[float]) -> dict[str, Any]:
    """zero_grad of a bare Module, and of a new kind of Module that holds these numbers."""
    held = _values(data)
    for value, grad in zip(held, grads, strict=True):
        value.grad = grad

    class Holder(find_function(module, "Module")):  # type: ignore[misc]
        def parameters(self) -> list[Any]:
            return held

    bare = find_function(module, "Module")()
    none = bare.parameters()
    bare.zero_grad()
    Holder().zero_grad()
    return {"bare": none, "data": [v.data for v in held], "grads": [v.grad for v in held]}


def parameters(module: ModuleType, made: Made) -> dict[str, Any]:
    """How many parameters there are, how many different objects, and whether a second call gives the same ones."""
    model = _build(module, made)
    first, second = model.parameters(), model.parameters()
    return {
        "count": len(first),
        "different": len({id(p) for p in first}),
        "same": len(first) == len(second) and all(p is q for p, q in zip(first, second, strict=True)),
    }


def drawn(module: ModuleType, made: Made, seed: int) -> list[float]:
    """The parameters of a model that is made right after random.seed(seed)."""
    return [p.data for p in _build(module, made, seed).parameters()]


def drawn_twice(module: ModuleType, made: Made, seed: int) -> list[list[float]]:
    """The parameters of two models made one after the other: the second after a seed of its own, and after none."""
    first, next_one, again = (_build(module, made, one) for one in (seed, None, seed))
    for p in again.parameters():
        p.data += 1.0  # if the models share anything, the others move too
    return [[p.data for p in model.parameters()] for model in (first, next_one, again)]


def outputs(module: ModuleType, made: Made, inputs: list[Any]) -> list[Any]:
    """Call the model on each input."""
    model = _build(module, made)
    return [_plain(model(x)) for x in inputs]


def calling(module: ModuleType, made: Made, x: list[float]) -> dict[str, Any]:
    """Call a model twice; bring back both outputs and everything that a call should leave alone."""
    model = _build(module, made)
    state = random.getstate()
    first, second = _plain(model(x)), _plain(model(x))
    return {
        "first": first,
        "second": second,
        "x": x,
        "values": [p.data for p in model.parameters()],
        "random": random.getstate() == state,
    }


def constructed(module: ModuleType, nin: int, nouts: list[int]) -> list[int]:
    """Make an MLP; return the list of widths that was handed to it, as it is afterwards."""
    find_function(module, "MLP")(nin, nouts)
    return nouts


def gradients(module: ModuleType, made: Made, inputs: list[list[float]], upstream: list[list[float]]) -> dict[str, Any]:
    """Gradients of Σ upstream·output over all inputs and outputs: for the parameters and for the inputs."""
    model = _build(module, made)
    model.zero_grad()
    rows = [_values(x) for x in inputs]
    total: Any = 0.0
    for row, factors in zip(rows, upstream, strict=True):
        out = model(row)
        for one, factor in zip(out if isinstance(out, list | tuple) else [out], factors, strict=False):
            total = total + one * factor
    total.backward()
    return {"parameters": [p.grad for p in model.parameters()], "inputs": [[v.grad for v in row] for row in rows]}


def accumulation(module: ModuleType, made: Made, x: list[float]) -> dict[str, list[float]]:
    """The gradients after one backward pass, after a second, after zero_grad, and after one more."""
    model = _build(module, made)

    def grads_after(act: Any) -> list[float]:
        act()
        return [p.grad for p in model.parameters()]

    return {
        "once": grads_after(lambda: model(x).backward()),
        "twice": grads_after(lambda: model(x).backward()),
        "zeroed": grads_after(model.zero_grad),
        "data": [p.data for p in model.parameters()],
        "anew": grads_after(lambda: model(x).backward()),
    }


# ---------------------------------------------------------------- step, loss, training


def stepped(module: ModuleType, data: list[float], grads: list[float], lr: float) -> dict[str, Any]:
    """One sgd_step on parameters with these numbers; what the very same objects hold afterwards."""
    params = _values(data)
    for p, grad in zip(params, grads, strict=True):
        p.grad = grad
    find_function(module, "sgd_step")(list(params), lr)
    return {"data": [p.data for p in params], "grads": [p.grad for p in params]}


def hinge(module: ModuleType, scores: list[float], labels: list[float]) -> Any:
    """The loss as a number."""
    return _plain(find_function(module, "hinge_loss")(_values(scores), labels))


def hinge_gradients(module: ModuleType, scores: list[float], labels: list[float]) -> list[float]:
    """The gradient of the loss with respect to every score."""
    leaves = _values(scores)
    find_function(module, "hinge_loss")(leaves, labels).backward()
    return [s.grad for s in leaves]


def trained(
    module: ModuleType,
    made: Made,
    X: list[list[float]],
    y: list[float],
    steps: int,
    lr: float,
    stale: float = 0.0,
    watched: bool = False,
) -> dict[str, Any]:
    """Train a model whose gradients start at `stale` and look at everything afterwards; `watched` notes its calls."""
    model, asked = _build(module, made), []

    class Watched(find_function(module, "Module")):  # type: ignore[misc]
        """The model, as a Module of another class."""

        def parameters(self) -> list[Any]:
            return list(model.parameters())

        def __call__(self, x: Any) -> Any:
            asked.append([getattr(number, "data", number) for number in x])  # Values may have been made of them
            return model(x)

    for p in model.parameters():
        p.grad = stale
    random.seed(0)
    state = random.getstate()
    losses = find_function(module, "train")(Watched() if watched else model, X, y, steps, lr)
    return {
        "losses": losses,
        "values": [p.data for p in model.parameters()],
        "asked": asked,
        "X": X,
        "y": y,
        "random": random.getstate() == state,
    }


def learned(
    module: ModuleType,
    seed: int,
    widths: list[int],
    X: list[list[float]],
    y: list[float],
    steps: int,
    lr: float,
    new: list[list[float]],
) -> list[Any]:
    """Make an MLP from a seed, train it, and return its scores on new inputs."""
    random.seed(seed)
    model = find_function(module, "MLP")(widths[0], widths[1:])
    find_function(module, "train")(model, X, y, steps, lr)
    return [_plain(model(x)) for x in new]
