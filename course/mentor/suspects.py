"""Which of the learner's functions to show a mentor: those where the known mistake lies, or those that were called."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from course.content import Content
from course.curriculum import Step
from course.grading.exchange import Exchange
from course.grading.last import LastCheck
from course.grading.mistakes import load_mistakes


def suspects(content: Content, step: Step, last: LastCheck) -> list[str]:
    """Names of functions, the likeliest first. The names are the stub's: nothing of the reference is told."""
    found = [*_diagnosed(content, step, last), *_called(last), *_raised(last)]
    return list(dict.fromkeys(found))


def _diagnosed(content: Content, step: Step, last: LastCheck) -> Iterator[str]:
    if last.diagnosis is None:
        return
    yield from last.diagnosis.functions
    reference = content.read(content.reference(step.file))
    known = {mistake.name: mistake for mistake in load_mistakes(content.mistakes(step.key))}
    for name in last.diagnosis.mistakes:
        for find, _ in known[name].edits if name in known else ():
            line = reference.count("\n", 0, reference.find(find.strip("\n"))) + 1
            yield from _around(reference, line)


def _around(source: str, line: int) -> Iterator[str]:
    """The function that a line of a source stands in, with its class."""
    for node in ast.parse(source).body:
        if not (node.lineno <= line <= (node.end_lineno or node.lineno)):
            continue
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.lineno <= line <= (inner.end_lineno or inner.lineno):
                    yield f"{node.name}.{inner.name}"


def _called(last: LastCheck) -> Iterator[str]:
    failed = last.first_failure
    transcript: Iterable[Exchange] = last.transcript(failed.name) if failed else ()
    for exchange in reversed(list(transcript)):
        if exchange.operation == "call":
            yield exchange.name
        # A general probe's first arguments name the functions it calls.
        yield from (one for one in exchange.args[:2] if isinstance(one, str) and one.isidentifier())


def _raised(last: LastCheck) -> Iterator[str]:
    """The learner's own functions that an exception came through: "minillm/a/b.py:12 in f"."""
    failed = last.first_failure
    for place in reversed(failed.failure.where if failed and failed.failure else ()):
        yield place.rpartition(" in ")[2]
