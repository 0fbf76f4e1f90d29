"""What a mentor may lean on in a step: openers, facts, references. A fact's number is computed, never typed."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from typing import Any

from course.content import Content
from course.curriculum import Step
from course.errors import ContentError


@dataclass(frozen=True, slots=True)
class Fact:
    """One true sentence; `value` is what its expression gives."""

    number: int
    text: str
    value: Any

    @property
    def name(self) -> str:
        return f"F{self.number}"


def load_prompt(content: Content, step: Step) -> dict[str, Any]:
    """Read mentor_prompts/steps/<stage>/<step>.toml; raise `ContentError` when it cannot be read."""
    path = content.prompt(step.key)
    try:
        return tomllib.loads(content.read(path))
    except tomllib.TOMLDecodeError as error:
        raise ContentError(f"{path} cannot be read: {error}", hint="course dev check") from error


def load_facts(content: Content, step: Step) -> list[Fact]:
    """Evaluate the facts of a step. The expressions are our own; raise `ContentError` naming one that fails."""
    facts = []
    for number, entry in enumerate(load_prompt(content, step).get("facts", ()), 1):
        try:
            value = evaluate(entry["value"])
            facts.append(Fact(number, entry["says"].format(value), value))
        except Exception as error:  # an author's slip, whatever it is
            raise ContentError(
                f"Fact {number} of {step.key} cannot be computed ({type(error).__name__}: {error}).",
                hint="course dev check",
            ) from error
    return facts


def evaluate(expression: str) -> Any:
    """Compute one of the course's own expressions; it may use NumPy and `math`."""
    names: dict[str, Any] = {"math": math}
    if "np." in expression:
        import numpy as np  # noqa: PLC0415 - only where a fact needs it

        names["np"] = np
    return eval(expression, names)
