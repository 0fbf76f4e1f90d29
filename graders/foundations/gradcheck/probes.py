"""What the grader of F.2 runs beside the learner's code: functions cannot cross, so they are made here from numbers."""

import copy
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


class Interrupted(Exception):
    """What a function of ours raises when it was told to."""


class Watched:
    """A function that notes where it is asked, and raises at the call numbered `fails_at`, if there is one."""

    def __init__(self, function: Callable[[Any], Any], fails_at: int | None = None) -> None:
        self.function = function
        self.fails_at = fails_at
        self.asked: list[Any] = []

    def __call__(self, x: Any) -> Any:
        self.asked.append(np.array(x, copy=True))
        if len(self.asked) - 1 == self.fails_at:
            raise Interrupted
        return self.function(x)


def made(recipe: dict[str, Any]) -> Callable[[Any], Any]:
    """Return cubic·Σx³ + linear·Σx + mixed·(Σx)² + hinge·Σmax(x, 0); with "echo", return x itself."""
    if recipe.get("echo"):
        return lambda x: x
    cubic, linear, mixed, hinge = (recipe.get(name, 0.0) for name in ("cubic", "linear", "mixed", "hinge"))

    def f(x: Any) -> Any:
        total = np.sum(x)
        value = linear * total
        if cubic:
            value += cubic * np.sum(x**3)
        if mixed:
            value += mixed * total**2
        if hinge:
            value += hinge * np.sum(np.maximum(x, 0.0))
        return value

    return f


def measured(
    module: ModuleType,
    name: str,
    recipe: dict[str, Any],
    x: Any,
    *args: Any,
    fails_at: int | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Call central_difference or numerical_gradient.

    Return its value, every point that f was asked at, whether f's own error came out, and x afterwards.
    """
    f = Watched(made(recipe), fails_at)
    seen: dict[str, Any] = {"value": None, "raised": False, "asked": f.asked}
    try:
        seen["value"] = getattr(module, name)(f, x, *args, **options)
    except Interrupted:
        seen["raised"] = True
    return seen | {"x": x}


def checked(
    module: ModuleType,
    recipe: dict[str, Any],
    gradient: Any,
    x: Any,
    fails_at: int | None = None,
    grad_fails: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Call gradcheck with a grad_f that claims `gradient`.

    Return the result, how often f was called and first where, every point that grad_f was asked at, whether an error of
    theirs came out, and x afterwards.
    """
    f = Watched(made(recipe), fails_at)
    grad_f = Watched(lambda _: copy.copy(gradient), 0 if grad_fails else None)
    seen: dict[str, Any] = {"result": None, "raised": False}
    try:
        seen["result"] = module.gradcheck(f, grad_f, x, **options)
    except Interrupted:
        seen["raised"] = True
    return seen | {"x": x, "calls": len(f.asked), "grad_asked": grad_f.asked, "asked": f.asked[:1]}
