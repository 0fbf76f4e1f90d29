"""The reference of a step, as it may be shown: what later steps of the same file ask for stays hidden."""

from __future__ import annotations

import ast

from course.curriculum import Curriculum, Step
from course.errors import LockedStep
from course.progress import Progress


def solution_source(curriculum: Curriculum, progress: Progress, step: Step) -> str:
    """Return the reference's code; raise `LockedStep` before the step has passed."""
    if step.key not in progress.passed:
        raise LockedStep(
            f"The solution of {step.number} is shown once your own code passes.", hint=f"course check {step.number}"
        )
    source = curriculum.content.read(curriculum.content.reference(step.file))
    hidden = {name for other in curriculum.sharing(step) if other.key not in progress.passed for name in other.defines}
    return without_bodies(source, hidden)


def without_bodies(source: str, names: set[str]) -> str:
    """Replace the bodies of these functions (`name` or `Class.name`) by `raise NotImplementedError`."""
    lines = source.splitlines()
    for name, node in sorted(functions_of(source), key=lambda found: -found[1].lineno):
        if name in names:
            first, last = node.body[0], node.body[-1]
            # The indent, or the whole head of a function written on one line; ast counts in bytes.
            head = lines[first.lineno - 1].encode()[: first.col_offset].decode()
            lines[first.lineno - 1 : last.end_lineno] = [f"{head}raise NotImplementedError  # a later step"]
    return "\n".join(lines) + "\n"


def functions_of(source: str) -> list[tuple[str, ast.FunctionDef]]:
    """Every function of a source by its name, and every method by `Class.name`."""
    tree = ast.parse(source)
    found = [(node.name, node) for node in tree.body if isinstance(node, ast.FunctionDef)]
    for outer in tree.body:
        if isinstance(outer, ast.ClassDef):
            found += [(f"{outer.name}.{node.name}", node) for node in outer.body if isinstance(node, ast.FunctionDef)]
    return found
