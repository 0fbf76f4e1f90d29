"""Put a mentor's functions into a copy of the learner's module: what stands there under the same name gives way.

Text and syntax trees only; nothing is run.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

MAX_CODE = 40_000


class NoCode(ValueError):
    """The block is nothing that could be graded; says why in plain words."""


@dataclass(frozen=True, slots=True)
class Graft:
    """The whole module to grade, and the names (`f`, `Class.f`) that the mentor defined in it."""

    source: str
    names: tuple[str, ...]


def read(text: str) -> ast.Module:
    """Read a block as Python; raise `NoCode`."""
    if len(text) > MAX_CODE:
        raise NoCode("it is too long")
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NoCode("it is not Python as it stands") from error


def defined(tree: ast.Module, stub: str) -> dict[str, ast.stmt]:
    """What of the stub's functions, classes and methods a block defines, by name: `f`, `Class`, `Class.f`."""
    asked = _members(ast.parse(stub))
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in asked:
            found[node.name] = node
        elif isinstance(node, ast.FunctionDef):
            method = _as_method(node, asked)
            if node.name in asked or method:
                found[method or node.name] = node
    return found


def _members(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return names


def _as_method(node: ast.FunctionDef, asked: set[str]) -> str:
    """A method shown without its class: `def __mul__(self, other)`, where only one class asks for it."""
    owners = [name for name in asked if name.endswith(f".{node.name}")]
    first = [one.arg for one in node.args.args[:1]]
    return owners[0] if first == ["self"] and len(owners) == 1 else ""


def is_sketch(node: ast.stmt) -> bool:
    """A definition with a hole in it: `...`, nothing at all, or an error that says it is to be written."""
    bodies = [one.body for one in ast.walk(node) if isinstance(one, ast.FunctionDef)]
    return any(isinstance(one, ast.Constant) and one.value is ... for one in ast.walk(node)) or any(
        all(isinstance(line, ast.Pass | ast.Raise) or _is_text(line) for line in body) for body in bodies
    )


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def same(one: ast.stmt, other: ast.stmt) -> bool:
    """Whether two definitions are the same code, docstrings and type hints aside."""
    return ast.dump(_Bare().visit(_copy(one))) == ast.dump(_Bare().visit(_copy(other)))


def _copy(node: ast.stmt) -> ast.stmt:
    return ast.parse(ast.unparse(node)).body[0]


class _Bare(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        node.body = [line for line in node.body if not _is_text(line)] or [ast.Pass()]
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node


def definition(source: str, name: str) -> ast.stmt | None:
    """The learner's own definition of a name, if there is one."""
    try:
        body: Sequence[ast.stmt] = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    for part in name.split("."):
        node = next((n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == part), None)
        if node is None:
            return None
        body = node.body
    return node


def graft(block: str, tree: ast.Module, names: dict[str, ast.stmt], module: str, stub: str) -> Graft:
    """The module with the block's definitions in the place of its own; the block alone where it is the whole file.

    Raise `NoCode` where the module cannot be read and the block is not all of it.
    """
    top = {name for name in _members(ast.parse(stub)) if "." not in name}
    if top <= set(names):
        return Graft(_with_numpy(block), tuple(names))
    lines = module.splitlines()
    try:
        mine = ast.parse(module)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise NoCode("your own file, which it belongs into, is not Python as it stands") from error
    spots: list[tuple[int, int, str]] = []  # first line, last line, what stands there instead
    missing: list[str] = []
    for name, node in names.items():
        own = definition(module, name)
        text = _text(block, node)
        if own is None and "." in name:
            raise NoCode(f"your file has no class {name.partition('.')[0]} that it belongs into")
        if own is None:
            missing.append(text)
        else:
            indent = " " * own.col_offset
            spots.append(
                (_first_line(own), own.end_lineno or own.lineno, "\n".join(indent + one for one in text.split("\n")))
            )
    rest = [_text(block, node) for node in tree.body if node not in names.values() and _helps(node)]
    for first, last, text in sorted(spots, reverse=True):
        lines[first - 1 : last] = text.split("\n")
    # Helpers come before the first definition that may need them at once; what is new, at the end.
    where = min(
        [_first_line(node) for node in mine.body if not _is_text(node) and not _is_import(node)] or [len(lines) + 1]
    )
    lines[where - 1 : where - 1] = "\n".join(rest).split("\n") if rest else []
    return Graft(_with_numpy("\n".join([*lines, *missing]) + "\n"), tuple(names))


def _helps(node: ast.stmt) -> bool:
    """Imports, constants and other functions; not the calls and prints that try the code out."""
    return isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign)


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _text(source: str, node: ast.stmt) -> str:
    lines = source.split("\n")[_first_line(node) - 1 : node.end_lineno]
    return "\n".join(line[node.col_offset :] if not line[: node.col_offset].strip() else line for line in lines)


def _with_numpy(source: str) -> str:
    """Chats leave the import out."""
    tree = ast.parse(source)
    bound = {alias.asname or alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    uses = any(isinstance(node, ast.Name) and node.id == "np" for node in ast.walk(tree))
    future = any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body)
    return f"import numpy as np\n{source}" if uses and "np" not in bound and not future else source
