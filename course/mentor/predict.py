"""Predictions: questions of a step with new numbers each time, and an answer that is computed by running code."""

from __future__ import annotations

import ast
import random
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from course.content import Content
from course.curriculum import Step
from course.errors import ContentError, UsageError
from course.mentor.answers import Mark, mark
from course.mentor.facts import evaluate, load_prompt
from course.progress import attempts, now, record_attempt, update
from course.workspace import Workspace

SCHEMA = 1
MOST_QUESTIONS, ATTEMPTS = 3, 2


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its numbers; `worked` is the expression with them put in."""

    ask: str
    answer: Any
    worked: str


@dataclass(slots=True)
class Round:
    """Two or three questions and what was answered to them."""

    seed: int
    questions: tuple[Question, ...]
    given: list[list[str]] = field(default_factory=list)
    marks: list[list[Mark]] = field(default_factory=list)

    def answer(self, place: int, text: str) -> Mark:
        """Take an answer; one that cannot be read, or has too few digits, costs no attempt."""
        found = mark(text, self.questions[place].answer)
        if found in (Mark.RIGHT, Mark.WRONG):
            self.given[place].append(text.strip())
            self.marks[place].append(found)
        return found

    def right(self, place: int) -> bool:
        return Mark.RIGHT in self.marks[place]

    def done(self, place: int) -> bool:
        return self.right(place) or len(self.marks[place]) >= ATTEMPTS

    @property
    def finished(self) -> bool:
        return all(self.done(place) for place in range(len(self.questions)))

    @property
    def passed(self) -> bool:
        return all(self.right(place) for place in range(len(self.questions)))

    def split(self, answers: str) -> list[str]:
        """Take `3,(2, 4),yes` apart; raise `UsageError` when it is not one answer for each question."""
        parts = [part.strip() for part in re.split(r";|,(?![^(\[]*[)\]])", answers)]
        if len(parts) != len(self.questions):
            raise UsageError(
                f"There are {len(self.questions)} questions, and --answers holds {len(parts)}.",
                hint='course predict --seed N --answers "3; 0.5; (2, 4)"   one for each question, divided by ; or ,',
            )
        return parts

    def as_json(self) -> dict[str, Any]:
        """The round for a program; an answer is told only where both attempts are used up."""
        return {
            "schema": SCHEMA,
            "seed": self.seed,
            "questions": [
                {
                    "ask": question.ask,
                    "attempts_left": ATTEMPTS - len(self.marks[place]) if not self.done(place) else 0,
                    "right": self.right(place) if self.marks[place] else None,
                    **({"answer": shown(question.answer), "worked": question.worked} if self.told(place) else {}),
                }
                for place, question in enumerate(self.questions)
            ],
            "passed": self.passed,
        }

    def told(self, place: int) -> bool:
        return self.done(place) and not self.right(place)


def draw_seed() -> int:
    return secrets.randbelow(1_000_000)


def begin(content: Content, step: Step, seed: int, given: list[list[str]]) -> Round:
    """Draw the questions of a seed; `given` are the answers of an earlier sitting with it.

    Raise `UsageError` when the step has no questions, or these have been answered already.
    """
    templates = load_prompt(content, step).get("predict", ())
    if not templates:
        raise UsageError(f"{step.number} has no prediction questions.", hint=f"course lesson {step.number}")
    draw = random.Random(f"{step.key} {seed}")
    chosen = draw.sample(range(len(templates)), min(MOST_QUESTIONS, len(templates)))
    game = Round(seed, tuple(question(templates[place], draw, step) for place in chosen))
    game.given, game.marks = [[] for _ in chosen], [[] for _ in chosen]
    for place, texts in enumerate(given[: len(chosen)]):
        for text in texts:
            game.answer(place, text)
    if game.finished:
        raise UsageError(
            f"The questions of seed {seed} have been answered.",
            hint=f"course predict {step.number}   draws new numbers",
        )
    return game


def question(template: dict[str, Any], draw: random.Random, step: Step) -> Question:
    """Draw the numbers of a template and compute its answer; raise `ContentError` when that fails."""
    try:
        numbers = {name: draw.randint(*bounds) for name, bounds in template["draw"].items()}
        worked = ast.unparse(_Numbers(numbers).visit(ast.parse(template["answer"], mode="eval")))
        return Question(template["ask"].format(**numbers), _plain(evaluate(worked)), worked)
    except Exception as error:  # an author's slip, whatever it is
        raise ContentError(
            f"A prediction of {step.key} cannot be computed ({type(error).__name__}: {error}): {template.get('ask')}",
            hint="course dev check",
        ) from error


class _Numbers(ast.NodeTransformer):
    def __init__(self, numbers: dict[str, int]) -> None:
        self.numbers = numbers

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(self.numbers[node.id]) if node.id in self.numbers else node


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return tuple(_plain(item) for item in value) if isinstance(value, list | tuple) else value


def shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


# ---------------------------------------------------------------- the history


def earlier(workspace: Workspace, step: Step, seed: int) -> list[list[str]]:
    """The answers given to the questions of this seed before."""
    found: list[list[str]] = []
    for entry in attempts(workspace.progress):
        with suppress(KeyError, TypeError):
            if entry["step"] == step.key and "predict" in entry and entry["seed"] == seed:
                found = [[str(text) for text in texts] for texts in entry["given"]]
    return found


def record(workspace: Workspace, step: Step, game: Round) -> None:
    """Write a sitting into the history; the first round that is all right counts for a strict workspace."""
    right = sum(game.right(place) for place in range(len(game.questions)))
    entry: dict[str, Any] = {"step": step.key, "predict": "passed" if game.passed else "not yet", "seed": game.seed}
    entry |= {"right": right, "questions": len(game.questions), "given": game.given}
    if game.passed:
        with update(workspace.progress) as progress:
            progress.predicted.setdefault(step.key, now())
    record_attempt(workspace.progress, entry)
