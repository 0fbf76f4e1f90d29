"""The reference of a step, as it may be shown: what later steps of the same file ask for stays hidden."""

from __future__ import annotations

import ast
from collections.abc import Set

from course.curriculum import Curriculum, Step
from course.errors import LockedStep
from course.progress import Progress


def solution_source(curriculum: Curriculum, progress: Progress, step: Step) -> str:
    """Return the reference's code; raise `LockedStep` before the step has passed."""
    if step.key not in progress.passed:
        raise LockedStep(
            f"The solution of {step.number} is shown once your own code passes.", hint=f"course check {step.number}"
        )
    content = curriculum.content
    source, stub = content.read(content.reference(step.file)), content.read(content.stub(step.file))
    hidden = {name for other in curriculum.sharing(step) if other.key not in progress.passed for name in other.defines}
    return without_bodies(source, with_helpers(source, stub, hidden))


def with_helpers(source: str, stub: str, names: Set[str]) -> set[str]:
    """Those of these functions that a source has, and the helpers that nothing but them leads to.

    A helper is a function that the stub does not have. What leads to it is read off the names that the others mention,
    whatever they stand for there: rather one helper too few than one too many.
    """
    functions, asked = dict(functions_of(source)), dict(functions_of(stub)).keys()
    reached = (functions.keys() & asked) - names
    waiting: list[ast.AST] = [functions[name] for name in reached]
    for node in ast.parse(source).body:
        statements = node.body if isinstance(node, ast.ClassDef) else [node]
        waiting += [one for one in statements if not isinstance(one, ast.FunctionDef)]
    while waiting:
        mentioned = _mentioned(waiting.pop())
        # A method is led to by its own name; one that Python calls, such as __init__, by that of its class.
        found = {
            name
            for name in functions.keys() - reached - names
            if (name.partition(".")[0] if name.endswith("__") else name.rpartition(".")[2]) in mentioned
        }
        reached |= found
        waiting += [functions[name] for name in found]
    return functions.keys() - reached


def _mentioned(node: ast.AST) -> set[str]:
    found = (one for one in ast.walk(node) if isinstance(one, ast.Name | ast.Attribute))
    return {one.id if isinstance(one, ast.Name) else one.attr for one in found}


def without_bodies(source: str, names: Set[str]) -> str:
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
