"""Does a quoted value agree with the true one? People round, cut digits and write ≈; that alone makes nothing false."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from course.grading.wire import Opaque, Record, Tensor

# What rounding in the computation explains, and what is so near that a digit or two may be missing.
SAME, NEAR = 1e-6, 1e-2
DIGITS = 3
MOST_ELEMENTS = 10_000


class Agreement(StrEnum):
    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Quoted:
    """A value as it was written: the number, and half a unit of its last digit; `digits` that mean something."""

    value: Any
    half: float = 0.0
    digits: int = 99


def quoted(node: ast.expr, source: str) -> Any:
    """Read a literal (number, text, list or tuple of them) with its digits; None when it is no literal."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = quoted(node.operand, source)
        minus = isinstance(node.op, ast.USub)
        return Quoted(-inner.value if minus else inner.value, inner.half, inner.digits) if _number(inner) else None
    if isinstance(node, ast.List | ast.Tuple):
        items = [quoted(item, source) for item in node.elts]
        return None if any(item is None for item in items) else items
    if not isinstance(node, ast.Constant):
        return None
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return read_number(ast.get_source_segment(source, node) or repr(node.value))
    return Quoted(node.value)


def _number(one: Any) -> bool:
    return isinstance(one, Quoted) and isinstance(one.value, int | float)


def read_number(text: str) -> Quoted | None:
    """Read a number with its digits: `0.50` has two and means 0.495 to 0.505; None when it is no number."""
    clean = text.replace(",", "").replace("_", "").replace("−", "-").casefold()
    mantissa, _, exponent = clean.partition("e")
    try:
        power = int(exponent) if exponent else 0
        value: float = float(clean) if ("." in mantissa or exponent) else int(mantissa)
    except (ValueError, OverflowError):
        return None
    whole, _, decimals = mantissa.lstrip("+-").partition(".")
    # The zeros at the end of a whole number may be digits or may only fill it up.
    digits = (whole + decimals).lstrip("0") if decimals else whole.strip("0")
    half = 0.5 * 10.0 ** max(min(power - len(decimals), 300), -320)
    return Quoted(value, half, len(digits))


def agrees(claimed: Any, true: Any, *, about: bool = False) -> Agreement:
    """Hold a literal as read by `quoted` against the value it is said to have; `about`: it was written with ≈."""
    if isinstance(true, Opaque | Record):
        return Agreement.UNDECIDED
    if isinstance(true, Tensor):
        true = true.data
    if isinstance(claimed, list):
        return _all(claimed, true, about)
    return _one(claimed, true, about)


def _all(claimed: list[Any], true: Any, about: bool) -> Agreement:
    items = list(true) if isinstance(true, list | tuple) or (isinstance(true, np.ndarray) and true.ndim) else None
    if items is None:
        return Agreement.UNDECIDED  # [0.5] for 0.5 is loose, not false
    if len(items) != len(claimed):
        return Agreement.NO
    found = {agrees(one, other, about=about) for one, other in zip(claimed, items, strict=True)}
    return next((one for one in (Agreement.NO, Agreement.UNDECIDED) if one in found), Agreement.YES)


def _one(claimed: Quoted, true: Any, about: bool) -> Agreement:
    if isinstance(true, np.generic):
        true = true.item()
    if isinstance(true, list | tuple | dict | set):
        return Agreement.UNDECIDED  # a loss for (loss, gradient), say
    if isinstance(true, np.ndarray) and true.size != 1:
        return _every(claimed, true, about)
    if isinstance(true, np.ndarray):
        true = true.item()
    if isinstance(claimed.value, bool) or isinstance(true, bool):
        return _flag(claimed.value, true)
    if not isinstance(claimed.value, int | float):
        return Agreement.YES if type(true) is type(claimed.value) and true == claimed.value else Agreement.NO
    if not isinstance(true, int | float):
        return Agreement.UNDECIDED if isinstance(true, complex | None) else Agreement.NO
    return _numbers(claimed, true, about)


def _every(claimed: Quoted, true: np.ndarray[Any, Any], about: bool) -> Agreement:
    """A number for a whole array means each of its elements; where some are that, nobody knows what was meant."""
    found = {_one(claimed, item, about) for item in true.ravel()[:MOST_ELEMENTS]}
    return found.pop() if len(found) == 1 else Agreement.UNDECIDED


def _flag(claimed: Any, true: Any) -> Agreement:
    if isinstance(claimed, bool) and isinstance(true, bool):
        return Agreement.YES if claimed is true else Agreement.NO
    # 1 for True is loose, not false.
    same = isinstance(claimed, int | float) and isinstance(true, int | float) and claimed == true
    return Agreement.UNDECIDED if same else Agreement.NO


def _numbers(claimed: Quoted, true: float, about: bool) -> Agreement:
    value = claimed.value
    if isinstance(value, int) and isinstance(true, int) and not about:
        return Agreement.YES if value == true else Agreement.NO  # things that are counted
    try:
        value, true = float(value), float(true)
    except OverflowError:
        return Agreement.YES if claimed.value == true else Agreement.UNDECIDED
    if not (math.isfinite(value) and math.isfinite(true)):
        return Agreement.YES if value == true or (math.isnan(value) and math.isnan(true)) else Agreement.NO
    error = abs(value - true)
    if error <= SAME * max(abs(true), 1e-9) or value == true:
        return Agreement.YES
    if error <= claimed.half * (1 + 1e-9):
        return Agreement.YES if about or claimed.digits >= DIGITS else Agreement.UNDECIDED
    # Digits that were cut off, not rounded, or a slip in the last of several. And ≈ may mean anything nearby.
    cut = isinstance(claimed.value, float) and abs(value) < abs(true) and value * true >= 0
    if error <= 2 * claimed.half and (cut or claimed.digits >= DIGITS):
        return Agreement.UNDECIDED
    return Agreement.UNDECIDED if about and error <= 10 * NEAR * abs(true) else Agreement.NO


def alike(one: Any, other: Any, *, rounded: bool) -> Agreement:
    """Hold two computed values against each other; `rounded`: one of them was written with rounded numbers."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other) and one:
        found = {alike(a, b, rounded=rounded) for a, b in zip(one, other, strict=True)}
        return next((each for each in (Agreement.NO, Agreement.UNDECIDED) if each in found), Agreement.YES)
    try:
        a, b = np.asarray(_plain(one), dtype=np.float64), np.asarray(_plain(other), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        same = isinstance(one, str) and isinstance(other, str) and one == other
        return Agreement.YES if same else Agreement.UNDECIDED
    if a.shape != b.shape and 1 not in (a.size, b.size):
        return Agreement.NO
    if a.shape != b.shape and (a.ndim and b.ndim):
        return Agreement.UNDECIDED
    a, b = np.broadcast_arrays(a, b)
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return Agreement.NO
    with np.errstate(all="ignore"):
        error = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
        scale = max(
            float(np.max(np.abs(a[np.isfinite(a)]), initial=0.0)), float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0))
        )
    worst = float(np.max(error, initial=0.0))
    if worst <= SAME * max(scale, 1e-9):
        return Agreement.YES
    return Agreement.UNDECIDED if rounded and worst <= NEAR * scale else Agreement.NO


def _plain(value: Any) -> Any:
    return value.data if isinstance(value, Tensor) else value


def show(value: Any) -> str:
    """A value as a reader wants it: six digits are enough."""
    if isinstance(value, Tensor):
        value = value.data
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        if value.size > 24:
            return f"an array of shape {tuple(int(side) for side in value.shape)}"
        return show(value.tolist())
    if isinstance(value, list | tuple):
        inner = ", ".join(show(item) for item in value[:24]) + (", …" if len(value) > 24 else "")
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int) and value.bit_length() > 4096:
        return "a huge number"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
