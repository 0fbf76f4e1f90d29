"""Where the truth of a reply is found: the step, its last check, and two confined processes that compute.

One process holds the learner's module (`mine`), the other the reference (`expected`): the reference never meets the
learner's code, and only plain values pass between them.
"""

from __future__ import annotations

import ast
import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from course.content import Content
from course.curriculum import Budget, Step
from course.grading import expressions
from course.grading.expressions import SIDES, NotAllowed, dotted
from course.grading.judge import reference_modules
from course.grading.last import LastCheck
from course.grading.learner import Clock, Learner, LearnerRaised, ProbeFault, PropertyEnds
from course.grading.mistakes import load_mistakes
from course.grading.outcomes import Finding, Outcome
from course.grading.process import Setup
from course.grading.wire import Opaque, Record

CALL_SECONDS = 5.0
ALL_SECONDS = 60.0
MEMORY = 1 << 30


@dataclass(slots=True)
class Workbench:
    """Serves one step; `close` it. `last` is the last verdict on the code as it is, or None."""

    content: Content
    step: Step
    modules: Mapping[str, Path]
    last: LastCheck | None = None
    why_no_last: str = ""
    functions: tuple[str, ...] = ()
    _sides: dict[str, Learner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.functions = self.functions or public_names(self.content.read(self.content.stub(self.step.file)))

    def begin(self) -> None:
        """Begin with a reply: the time for all of it starts now."""
        for side in self._sides.values():
            side.clock, side.timeouts = Clock(time.monotonic() + ALL_SECONDS), 0

    def bugged(self) -> frozenset[str]:
        """Where the diagnosed mistake lies (`f`, `Class.f`), as the last check found exactly one; else nothing."""
        found = self.last.diagnosis if self.last else None
        if found is None or found.finding is not Finding.MATCH:
            return frozenset()
        reference = self.content.read(self.content.reference(self.step.file))
        known = {mistake.name: mistake for mistake in load_mistakes(self.content.mistakes(self.step.key))}
        edits = [find for name in found.mistakes if name in known for find, _ in known[name].edits]
        return frozenset(_around(reference, find) for find in edits)

    def only_wrong_in(self, names: set[str]) -> bool:
        """Whether the learner's code is known to be wrong in these functions and nowhere else."""
        bugged = self.bugged()
        return bool(bugged) and all({name, name.partition(".")[0]} & names for name in bugged)

    def value(self, tree: ast.expr, side: str) -> Any:
        """Compute an expression where `side` lives; what belongs to the other side is computed there first.

        Raise `NotAllowed`, in plain words, when no value comes out.
        """
        values: dict[str, Any] = {}
        tree = copy.deepcopy(tree)
        for node in _outermost(tree, other(side)):
            name = f"value{len(values)}"
            values[name] = self.value(node, other(side))
            tree = _replaced(tree, node, name)
        return self._ask(side, ast.unparse(tree), values)

    def _ask(self, side: str, source: str, values: dict[str, Any]) -> Any:
        if any(isinstance(value, Opaque | Record) for value in values.values()):
            raise NotAllowed("an object of one's own cannot leave its process; compare numbers, such as .data")
        whose = "your code" if side == "mine" else "the reference"
        arrays = "numpy" in self.step.rules.imports
        try:
            learner = self._side(side)
            value = learner.probe("evaluate", source, self.functions, values, arrays=arrays)
            learner.settle()
            return value
        except LearnerRaised as error:
            if error.type_name == NotAllowed.__name__:
                raise NotAllowed(error.message) from error
            raise NotAllowed(f"{whose} raises {error.type_name}: {error.message[:120]}") from error
        except PropertyEnds as end:
            if end.outcome is Outcome.UNFINISHED:
                raise NotAllowed("that function is not written yet") from end
            raise NotAllowed(f"{whose}: {end.failure.summary[:160]}") from end
        except ProbeFault as error:
            raise NotAllowed("it cannot be computed here") from error

    def names(self, names: list[str], calls: list[tuple[str, str]]) -> dict[str, str]:
        """What is known of these dotted names and keyword arguments, asked of the installed libraries."""
        if not names:
            return {}
        heavy = any(name.startswith("torch") for name in names)
        side = self._side("torch" if heavy else "expected")
        try:
            return dict(side.probe("missing_names", names, calls))
        except (LearnerRaised, PropertyEnds, ProbeFault):
            return {}

    def _side(self, side: str) -> Learner:
        if side not in self._sides:
            self._sides[side] = Learner(self._setup(side), Clock(time.monotonic() + ALL_SECONDS))
        return self._sides[side]

    def _setup(self, side: str) -> Setup:
        # NumPy is for the expressions, also where the step itself does without; what a step forbids is no matter here.
        imports = dict.fromkeys((*self.step.rules.imports, "numpy", *(["torch"] if side == "torch" else [])))
        rules = replace(self.step.rules, imports=tuple(imports), forbid=())
        mine = side == "mine"
        return Setup(
            module=self.step.module,
            modules=self.modules if mine else reference_modules(self.content),
            rules=rules,
            budget=Budget(CALL_SECONDS, ALL_SECONDS, MEMORY if side != "torch" else 4 * MEMORY),
            hidden=(self.content.root / "graders",) if mine else (),
        )

    def close(self) -> None:
        for side in self._sides.values():
            side.close()
        self._sides.clear()


def _around(source: str, find: str) -> str:
    """The function, or method of a class, that a piece of a source stands in; empty outside of all."""
    line = source.count("\n", 0, source.find(find.strip("\n"))) + 1
    body, name = ast.parse(source).body, ""
    while node := next((n for n in body if n.lineno <= line <= (n.end_lineno or 0)), None):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            break
        name = f"{name}.{node.name}".lstrip(".")
        if isinstance(node, ast.FunctionDef):
            break
        body = node.body
    return name


def public_names(stub: str) -> tuple[str, ...]:
    """The functions and classes that a stub asks for."""
    body = ast.parse(stub).body
    names = (node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return tuple(name for name in names if not name.startswith("_"))


def other(side: str) -> str:
    return SIDES[1 - SIDES.index(side)]


def _outermost(tree: ast.expr, side: str) -> list[ast.expr]:
    """The calls (`expected.f(…)`, with what is taken of them) of a side that stand in no other such call."""
    if _rooted(tree, side):
        return [tree]
    found: list[ast.expr] = []
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.expr):
            found += _outermost(child, side)
        elif isinstance(child, ast.keyword):
            found += _outermost(child.value, side)
    return found


def _rooted(node: ast.expr, side: str) -> bool:
    """Whether an expression is a call of that side, or a part of what it returns."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        if isinstance(node, ast.Call) and dotted(node.func).startswith(f"{side}."):
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def _replaced(tree: ast.expr, old: ast.expr, name: str) -> ast.expr:
    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return ast.Name(id=name, ctx=ast.Load()) if node is old else self.generic_visit(node)

    done: ast.expr = Replace().visit(tree)
    return done


def speaks_of(tree: ast.expr) -> set[str]:
    """The sides an expression names."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in SIDES}


def bare_calls(tree: ast.expr, functions: tuple[str, ...]) -> set[str]:
    """Functions of the step that are called by their name alone."""
    return expressions.called(tree) & set(functions) & {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
