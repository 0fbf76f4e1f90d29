"""What a learner types as an answer, read with good will: 1/3, 0.33, 1e-3, 2**10, (2, 3), 2x3, yes, 12 bytes."""

from __future__ import annotations

import ast
import math
import re
from enum import StrEnum
from typing import Any

from course.grading import expressions
from course.grading.computing import compute
from course.grading.expressions import NotAllowed
from course.mentor.agreement import SAME, Quoted, read_number

MAX_ANSWER = 200
_YES = frozenset({"true", "yes", "y", "ja", "oui", "si", "sí", "wahr"})
_NO = frozenset({"false", "no", "n", "nein", "non", "falsch"})
_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "×": "*", "·": "*", "^": "\x00", "÷": "/", "²": "\x01", "³": "\x02", "½": "\x03"}
)
_SPELLED = {"\x00": "**", "\x01": "**2", "\x02": "**3", "\x03": "(1/2)"}
_FUNCTIONS = ("sqrt", "exp", "log", "ln", "log2", "log10", "tanh", "pi", "e")

# A number or an expression, and what is counted: `1024 bytes`, `1/3 of it`.
_UNIT = re.compile(r"(.*?[\d)])\s*[^\W\d_(][\w .-]{0,40}")


class Mark(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    COARSE = "coarse"
    UNREADABLE = "unreadable"


def mark(text: str, answer: Any) -> Mark:
    """Hold what was typed against the computed answer. `coarse` and `unreadable` cost no attempt."""
    if len(text) > MAX_ANSWER or not text.strip():
        return Mark.UNREADABLE
    if isinstance(answer, bool):
        return _flag(text, answer)
    if isinstance(answer, str):
        same = text.strip().strip("'\"").casefold() == answer.casefold()
        return Mark.RIGHT if same else Mark.WRONG
    if isinstance(answer, tuple | list):
        return _tuple(text, tuple(answer))
    return _number(text, answer)


def _flag(text: str, answer: bool) -> Mark:
    word = text.strip().strip(".!").casefold()
    if word not in _YES | _NO:
        return Mark.UNREADABLE
    return Mark.RIGHT if (word in _YES) is answer else Mark.WRONG


def _tuple(text: str, answer: tuple[Any, ...]) -> Mark:
    inside = text.strip().partition("=")[2] if "=" in text else text.strip()
    parts = [part for part in re.split(r"[\s,;×x]+", inside.strip().strip("()[]")) if part]
    numbers = [read_number(part) for part in parts]
    if any(one is None for one in numbers):
        return Mark.UNREADABLE
    same = len(numbers) == len(answer) and all(
        one is not None and one.value == other for one, other in zip(numbers, answer, strict=True)
    )
    return Mark.RIGHT if same else Mark.WRONG


def _number(text: str, answer: float) -> Mark:
    clean = _clean(text)
    plain, value = _read(clean)
    if value is None and (found := _UNIT.fullmatch(clean)):
        plain, value = _read(found[1])
    if value is None:
        return Mark.UNREADABLE
    try:
        error, size = abs(float(value) - float(answer)), abs(float(answer))
    except OverflowError:
        return Mark.RIGHT if value == answer else Mark.WRONG
    if value == answer or error <= SAME * max(size, 1e-12):
        return Mark.RIGHT
    whole = isinstance(answer, int) or float(answer).is_integer()
    if whole or plain is None or error > plain.half * (1 + 1e-9):
        return Mark.WRONG
    return Mark.RIGHT if plain.digits >= 2 else Mark.COARSE


def _read(text: str) -> tuple[Quoted | None, float | None]:
    plain = read_number(text)
    return plain, plain.value if plain is not None else _computed(text)


def _clean(text: str) -> str:
    """The number or expression alone: without `x =`, ≈ and thousands' commas; with a point for a decimal comma."""
    clean = re.split(r"[=≈~]", text)[-1].strip().strip("`'\"$ ").rstrip(".!")
    if re.fullmatch(r"[-+−]?\d+,\d+", clean) and not re.fullmatch(r"[-+−]?[1-9]\d{0,2},\d{3}", clean):
        clean = clean.replace(",", ".")
    clean = re.sub(r"(?<=\d),(?=\d{3}\b)|(?<=\d) (?=\d{3}\b)", "", clean)
    if clean.endswith("%"):
        clean = f"({clean[:-1].strip()})/100"
    clean = clean.translate(_SIGNS)
    return "".join(_SPELLED.get(sign, sign) for sign in clean)


def _computed(text: str) -> float | None:
    """The value of a small expression of numbers; None when it is none."""
    functions = {name: getattr(math, name, math.log) for name in _FUNCTIONS}
    try:
        tree = expressions.parse(text, _FUNCTIONS)
        if any(isinstance(node, ast.Attribute | ast.Subscript | ast.Compare | ast.List) for node in ast.walk(tree)):
            return None
        value = compute(tree, functions)
    except (NotAllowed, ArithmeticError, ValueError, TypeError):
        return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
