"""Show a call across the boundary as Python that the learner can read and type."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

import numpy as np

from course.grading.exchange import Exchange
from course.grading.wire import Tensor

MAX_ELEMENTS = 24
MAX_TEXT = 160


def show_exchange(exchange: Exchange) -> str:
    """The call as Python: the probe's own wording where it has one, else name and arguments."""
    if exchange.shown:
        return exchange.wording
    name, args = exchange.name, exchange.args
    if exchange.operation == "load":
        return ""
    if exchange.operation == "probe":
        name, args = _inner_call(name, args)
    parts = [show_value(argument) for argument in args]
    parts += [f"{key}={show_value(value)}" for key, value in exchange.kwargs.items() if key != "cached"]
    return f"{name}({', '.join(parts)})"


def _inner_call(probe: str, args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The general probes call a function of the learner's: that call is what the learner wants to see."""
    match probe, args:
        case "forward_backward", (str(forward), _, inner, upstream):
            return forward, (*inner, _Named("dy", upstream))
        case "purity" | "peak_bytes" | "outputs", (str(name), inner):
            return name, tuple(inner)
        case "warnings_of", (str(name), *inner):
            return name, tuple(inner)
        case "call_count", (str(name), _, inner):
            return name, tuple(inner)
    return probe, args


class _Named:
    def __init__(self, name: str, value: object) -> None:
        self.name, self.value = name, value


def show_value(value: object, *, most: int | None = MAX_ELEMENTS) -> str:
    """A value as Python source. More than `most` elements are shortened, and that is said; None: nothing is."""
    if isinstance(value, _Named):
        return f"{value.name}={show_value(value.value, most=most)}"
    if isinstance(value, Tensor):
        return f"tensor({show_value(value.data, most=most)})"
    if isinstance(value, np.ndarray):
        return _array(value, most)
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, list | tuple) and not isinstance(value, str):
        inner = ", ".join(show_value(item, most=most) for item in value[:most])
        more = (
            ", …"
            if len(value) > (most or len(value))
            else ("," if isinstance(value, tuple) and len(value) == 1 else "")
        )
        return f"[{inner}{more}]" if isinstance(value, list) else f"({inner}{more})"
    if isinstance(value, dict):
        pairs = [
            f"{show_value(key, most=most)}: {show_value(item, most=most)}" for key, item in list(value.items())[:most]
        ]
        return f"{{{', '.join(pairs)}{', …' if len(value) > (most or len(value)) else ''}}}"
    if isinstance(value, float) and not math.isfinite(value):
        return _numbers(value, np.dtype(np.float64))
    if isinstance(value, int) and value.bit_length() > 10_000:  # Python refuses to write it
        return f"<an int of {value.bit_length():,} bits>"
    text = _told_apart(repr(value)) if isinstance(value, str) else repr(value)
    return text if most is None or len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text):,} characters)"


def _told_apart(text: str) -> str:
    """Write combining marks as escapes: an e with an accent of its own looks like an é, and is not."""
    escaped = {char: f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}" for char in set(text)}
    return "".join(escaped[char] if unicodedata.category(char)[0] == "M" else char for char in text)


def _array(value: np.ndarray[Any, Any], most: int | None) -> str:
    if most is not None and value.size > most:
        shape = ", ".join(str(side) for side in value.shape)
        return f"<array of shape ({shape}{',' if value.ndim == 1 else ''})>"
    understood = ("float64", "int64", "bool", "complex128") if value.size else ("float64",)
    suffix = "" if value.dtype.name in understood else f", np.{value.dtype.name}"
    if value.size == 0:
        return f"np.zeros({tuple(int(side) for side in value.shape)}{suffix})"
    text = _numbers(value.tolist(), value.dtype)
    return _in_memory(value, f"np.array({text}{suffix})")


def _in_memory(value: np.ndarray[Any, Any], text: str) -> str:
    """How the array lies in memory is part of the input: some wrong code fails only there."""
    if value.flags.c_contiguous:
        return text
    return f"np.asfortranarray({text})" if value.flags.f_contiguous else f"np.repeat({text}, 2, -1)[..., ::2]"


def _numbers(value: Any, dtype: np.dtype[Any]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_numbers(item, dtype) for item in value)}]"
    if dtype.kind != "f":
        return repr(value)
    # The shortest digits that give the number back in its own precision: 15.3, not 15.30000019073486.
    text = str(dtype.type(value)).replace("inf", "np.inf").replace("nan", "np.nan")
    return text.removesuffix("0") if text.endswith(".0") else text
