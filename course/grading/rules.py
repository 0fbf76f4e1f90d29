"""The from-scratch rules, read off the syntax tree: which import or call a step does not allow, and in which line.

This half gives the clear message. What it cannot see (an `exec`, a name built at run time) the learner's process
refuses.
"""

from __future__ import annotations

import ast
import fnmatch
import sys
from dataclasses import dataclass

from course.content import PACKAGE
from course.curriculum import Rules
from course.grading.guard import WITHHELD
from course.grading.outcomes import Failure


@dataclass(frozen=True, slots=True)
class Breach:
    """One use that the rules do not allow."""

    line: int
    what: str


def breach(source: str, rules: Rules, name: str) -> Failure | None:
    """Return the first breach in the code as something to show; None when the code keeps the rules or is no Python."""
    try:
        found = sorted(_breaches(ast.parse(source), rules), key=lambda one: one.line)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not found:
        return None
    first, lines = found[0], source.splitlines()
    text = lines[first.line - 1].strip() if first.line <= len(lines) else ""
    return Failure(
        first.what,
        detail=(f"the rules of this step: {rules.words}",) if rules.words else (),
        where=(f"{name}:{first.line}: {text}",),
    )


def _breaches(tree: ast.Module, rules: Rules) -> list[Breach]:
    visitor = _Visitor(rules, _bound(tree))
    visitor.visit(tree)
    return visitor.found


def _bound(tree: ast.Module) -> dict[str, str]:
    """What the names mean that imports bind, wherever they stand: `np` → `numpy`, `inv` → `numpy.linalg.inv`."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                bound[alias.asname or name] = name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            bound |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return bound


# Functions whose first argument is the name of a module to import.
_IMPORTERS = ("__import__", "builtins.__import__", "importlib.import_module", "importlib.__import__")


class _Visitor(ast.NodeVisitor):
    """Walk the code with the names its imports bound."""

    def __init__(self, rules: Rules, bound: dict[str, str]) -> None:
        self.rules = rules
        self.bound = bound
        self.found: list[Breach] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or node.module is None:
            return
        self._import(node, node.module)
        for alias in node.names:
            self._use(node, f"{node.module}.{alias.name}")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if full := self._dotted(node):
            self._use(node, full)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if self._called(node) in _IMPORTERS:
            for argument in [*node.args[:1], *(one.value for one in node.keywords if one.arg == "name")]:
                self._import(node, _text(argument))
        if self._called(node) == "getattr" and len(node.args) >= 2:
            base, name = self._dotted(node.args[0]), _text(node.args[1])
            if base and name:
                self._use(node, f"{base}.{name}")
        self.generic_visit(node)

    def _called(self, node: ast.Call) -> str:
        return self._dotted(node.func) or (node.func.id if isinstance(node.func, ast.Name) else "")

    def _dotted(self, node: ast.expr) -> str:
        """The full dotted name of an expression that starts at an imported name; empty for anything else."""
        if isinstance(node, ast.Name):
            return self.bound.get(node.id, "")
        if isinstance(node, ast.Attribute) and (base := self._dotted(node.value)):
            return f"{base}.{node.attr}"
        return ""

    def _import(self, node: ast.AST, name: str) -> None:
        top = name.partition(".")[0]
        allowed = self.rules.imports
        if not top or top in (PACKAGE, "__future__") or top in allowed or name in allowed:
            return
        if "stdlib" in allowed and top in sys.stdlib_module_names and top not in WITHHELD:
            return
        self._note(node, f"`{name}` may not be imported in this step")

    def _use(self, node: ast.AST, full: str) -> None:
        for pattern in self.rules.forbid:
            if fnmatch.fnmatchcase(full, pattern):
                self._note(node, f"`{full}` does what this step asks you to write")
                return

    def _note(self, node: ast.AST, what: str) -> None:
        self.found.append(Breach(getattr(node, "lineno", 1), what))


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
