"""A step's picture: what the learner's code makes of a text, computed in their process, returned as plain data.

`graders/<step>/picture.py` defines `picture(module, text, sample)`. It runs beside the learner's code and returns a
list of tables `{"kind": …, …}`; each kind is one of the classes below. Drawing them is the view's affair.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from course.content import Content
from course.curriculum import Budget, Curriculum, Step
from course.errors import ContentError, NotDrawn, UsageError
from course.grading.learner import Clock, Learner, LearnerRaised, ProbeFault, PropertyEnds
from course.grading.process import Setup

SECONDS = 120.0
MOST_PIECES = 20_000
MOST_CELLS = 10_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text in its pieces, each with its bytes."""

    title: str
    pieces: tuple[bytes, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """One value against another; `xs` and `ys` are of one length, at least 2, and finite."""

    title: str
    x: str
    y: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Heatmap:
    """A matrix of finite numbers between `low` and `high`, with a label for each row and each column."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    low: float = 0.0
    high: float = 1.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points in the plane, each with its label."""

    title: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    labels: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """One number per label, none below 0."""

    title: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    unit: str = ""
    note: str = ""


Picture = Tokens | Curve | Heatmap | Scatter | Bars
_KINDS: dict[str, type[Any]] = {kind.__name__.lower(): kind for kind in (Tokens, Curve, Heatmap, Scatter, Bars)}


def has_picture(content: Content, step: Step) -> bool:
    return content.picture(step.key).is_file()


def draw(
    curriculum: Curriculum, step: Step, modules: Mapping[str, Path], text: str | None, sample: str
) -> list[Picture]:
    """Return the step's pictures of a text (None: the step's own example), made by the learner's code in `modules`.

    `sample` is a long text, for what must learn something first.
    Raise `UsageError` for a step without a picture, `NotDrawn` where the learner's code gives nothing to draw.
    """
    content = curriculum.content
    if not has_picture(content, step):
        drawn = ", ".join(other.number for other in curriculum if has_picture(content, other))
        raise UsageError(f"{step.number} has no picture.", hint=f"these have one: {drawn or 'none yet'}")
    learner = Learner(_setup(content, step, modules), Clock(time.monotonic() + SECONDS))
    try:
        if problem := learner.load():
            outcome, failure = problem
            raise _not_drawn(step, f"{outcome.value}: {failure.summary}", failure.where)
        return pictures_of(learner.probe("picture", text, sample), step)
    except LearnerRaised as error:
        raise _not_drawn(step, f"{error.type_name}: {error.message}", error.where) from error
    except PropertyEnds as end:
        raise _not_drawn(step, end.failure.summary, end.failure.where) from end
    except ProbeFault as error:
        raise ContentError(f"The picture of {step.number} is broken: {error}", hint="course dev check") from error
    finally:
        learner.close()


def _setup(content: Content, step: Step, modules: Mapping[str, Path]) -> Setup:
    return Setup(
        module=step.module,
        modules=modules,
        rules=replace(step.rules, forbid=()),  # nothing is judged here
        budget=Budget(SECONDS, SECONDS, step.budget.memory),
        probes=(content.picture(step.key),),
        hidden=(content.root / "graders",),
    )


def _not_drawn(step: Step, why: str, where: Sequence[str]) -> NotDrawn:
    place = f" ({where[-1]})" if where else ""
    return NotDrawn(f"Your code gave nothing to draw: {why}{place}", hint=f"course check {step.number}")


# ---------------------------------------------------------------- reading what came back


def pictures_of(found: object, step: Step) -> list[Picture]:
    """Read the tables that a picture's probe returned; nothing unfit gets through, whatever the learner's code did."""
    if not isinstance(found, list) or not found:
        raise _not_drawn(step, "no picture came back", ())
    return [_picture(table, step) for table in found]


def _picture(table: Any, step: Step) -> Picture:
    kind = _KINDS.get(table.get("kind", "")) if isinstance(table, dict) else None
    names = {field.name for field in fields(kind)} if kind else set()
    if kind is None or not set(table) - {"kind"} <= names:
        raise ContentError(f"The picture of {step.number} is of no known kind.", hint="course dev check")
    try:
        picture: Picture = kind(**{name: _plain(value) for name, value in table.items() if name != "kind"})
    except TypeError as error:
        raise ContentError(f"The picture of {step.number}: {error}", hint="course dev check") from error
    if unfit := _unfit(picture):
        raise _not_drawn(step, unfit, ())
    return picture


def _plain(value: Any) -> Any:
    """Arrays and lists as tuples, their scalars as Python's own."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return tuple(_plain(one) for one in value) if isinstance(value, list | tuple) else value


def _unfit(picture: Picture) -> str:
    """Why a picture cannot be drawn; empty when it can."""
    match picture:
        case Tokens(pieces=pieces):
            if not all(isinstance(piece, bytes) for piece in pieces) or len(pieces) > MOST_PIECES:
                return f"{len(pieces)} pieces, or one that is not bytes"
        case Curve(xs=xs, ys=ys):
            if len(xs) != len(ys) or len(xs) < 2 or not _finite((*xs, *ys)):
                return "the values are not finite numbers, two and more"
        case Heatmap(rows=rows, columns=columns, values=values):
            cells = [cell for row in values for cell in row]
            if [len(row) for row in values] != [len(columns)] * len(rows) or not 0 < len(cells) <= MOST_CELLS:
                return f"a matrix of {len(rows)} × {len(columns)} was expected"
            if not _finite(cells):
                return "the matrix holds values that are not finite numbers"
        case Scatter(xs=xs, ys=ys, labels=labels):
            if not len(xs) == len(ys) == len(labels) or not xs or not _finite((*xs, *ys)):
                return "the points are not finite numbers with a label each"
        case Bars(labels=labels, values=values):
            if len(labels) != len(values) or not values or not _finite(values) or min(values) < 0:
                return "the bars are not finite numbers of 0 and more, with a label each"
    return ""


def _finite(values: Sequence[object]) -> bool:
    return all(isinstance(value, int | float) and math.isfinite(value) for value in values)
