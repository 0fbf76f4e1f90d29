"""Show a call across the boundary as Python that the learner can read and type."""

from __future__ import annotations

from typing import Any

import numpy as np

from course.grading.learner import Exchange
from course.grading.wire import Tensor

MAX_ELEMENTS = 24
MAX_TEXT = 160


def show_exchange(exchange: Exchange) -> str:
    """The call as Python: the probe's own wording where it has one, else name and arguments."""
    if exchange.shown:
        return exchange.shown
    name, args = exchange.name, exchange.args
    if exchange.operation == "load":
        return ""
    if exchange.operation == "probe":
        name, args = _inner_call(name, args)
    parts = [show_value(argument) for argument in args]
    parts += [f"{key}={show_value(value)}" for key, value in exchange.kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _inner_call(probe: str, args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The general probes call a function of the learner's: that call is what the learner wants to see."""
    if probe == "forward_backward":
        forward, _, inner, upstream = args
        return forward, (*inner, _Named("dy", upstream))
    if probe in ("purity", "peak_bytes"):
        return args[0], tuple(args[1])
    if probe == "call_count":
        return args[0], tuple(args[2])
    return probe, args


class _Named:
    def __init__(self, name: str, value: object) -> None:
        self.name, self.value = name, value


def show_value(value: object) -> str:
    """A value as Python source, shortened where it is long and said to be shortened."""
    if isinstance(value, _Named):
        return f"{value.name}={show_value(value.value)}"
    if isinstance(value, Tensor):
        return f"tensor({show_value(value.data)})"
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, list | tuple) and not isinstance(value, str):
        inner = ", ".join(show_value(item) for item in value[:MAX_ELEMENTS])
        more = ", …" if len(value) > MAX_ELEMENTS else ("," if isinstance(value, tuple) and len(value) == 1 else "")
        return f"[{inner}{more}]" if isinstance(value, list) else f"({inner}{more})"
    text = repr(value)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text):,} characters)"


def _array(value: np.ndarray[Any, Any]) -> str:
    if value.size > MAX_ELEMENTS:
        shape = ", ".join(str(side) for side in value.shape)
        return f"<array of shape ({shape}{',' if value.ndim == 1 else ''})>"
    if value.size == 0:
        return f"np.zeros({tuple(int(side) for side in value.shape)})"
    text = repr(value.tolist()) if value.dtype.kind not in "f" else _floats(value.tolist())
    suffix = "" if value.dtype in (np.dtype(np.float64), np.dtype(np.int64)) else f", np.{value.dtype.name}"
    return f"np.array({text}{suffix})"


def _floats(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_floats(item) for item in value)}]"
    text = repr(value).removesuffix(".0") + ("." if repr(value).endswith(".0") else "")
    return text.replace("inf", "np.inf").replace("nan", "np.nan")
