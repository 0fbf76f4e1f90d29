"""Generate small wrong versions of a right solution, the way a slip of the hand would.

The usual operators of mutation testing (comparison, arithmetic, constants, conditions, deleted statements) and the
field's own: axis, keepdims, dtype, transpose, copy, sum and mean, a term or a factor dropped, arguments exchanged.
Written on Python's own `ast`: the libraries' operators know nothing of axes and transposes, and those are most of what
goes wrong here.
"""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

# Replacements of one called or named function by its neighbour.
_NEIGHBOURS = {
    "sum": "mean", "mean": "sum", "max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum",
    "argmax": "argmin", "zeros": "ones", "ones": "zeros", "zeros_like": "ones_like", "ones_like": "zeros_like",
    "exp": "expm1", "log": "log1p", "log1p": "log", "sqrt": "abs", "any": "all", "all": "any", "sin": "cos",
    "cos": "sin", "tanh": "sinh", "floor": "ceil", "append": "extend", "cumsum": "cumprod", "reversed": "list",
    "std": "var", "var": "std",
}  # fmt: skip
_COMPARE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult,
}  # fmt: skip
_DELETED = (ast.Assign, ast.AugAssign, ast.Expr, ast.Raise, ast.Delete, ast.If)
_COMMUTE = frozenset({"maximum", "minimum", "max", "min", "logaddexp", "add", "multiply", "isclose", "allclose"})
_DROPPED_METHODS = frozenset({"copy", "detach", "clone", "contiguous", "astype", "ravel", "conj"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong version. `name` stays while its line does: the function, what was there, what is there now."""

    name: str
    source: str
    diff: str


def mutants(source: str, only: frozenset[str] = frozenset(), never: frozenset[str] = frozenset()) -> list[Mutant]:
    """Return the mutants of a module, without doubles and without those that compile to the same code.

    `only` and `never` name functions (`f` or `Class.f`) to keep to or to leave out.
    """
    original = ast.parse(source)
    plain = ast.unparse(original)
    seen, found, count = {_code(plain)}, [], {}  # type: ignore[var-annotated]
    for owner, node, changed in _changes(original):
        if (only and owner not in only) or owner in never:
            continue
        text = ast.unparse(_with(original, node, changed))
        code = _code(text)
        if code is None or code in seen:
            continue
        seen.add(code)
        name = f"{owner}: {_short(node)} → {_short(changed)}"
        count[name] = count.get(name, 0) + 1
        found.append(Mutant(name if count[name] == 1 else f"{name} #{count[name]}", text, _diff(plain, text)))
    return found


def _code(text: str) -> str | None:
    """The bytecode as text: two sources that compile alike are one mutant."""
    try:
        return _dump(compile(text, "mutant", "exec", optimize=2))
    except (SyntaxError, ValueError):
        return None


def _dump(code: object) -> str:
    constants = getattr(code, "co_consts", ())
    inner = ",".join(_dump(one) if hasattr(one, "co_code") else f"{type(one).__name__}{one!r}" for one in constants)
    return f"{code.co_code!r}{code.co_names}{code.co_varnames}{inner}"  # type: ignore[attr-defined]


def _short(node: ast.AST | None) -> str:
    if node is None:
        return "nothing"
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:57]}…"


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def _with(tree: ast.Module, node: ast.AST, changed: ast.AST | None) -> ast.Module:
    """A copy of the tree with one node replaced."""
    memo = {id(node): changed if changed is not None else ast.Pass()}
    replaced = copy.deepcopy(tree, memo)
    return ast.fix_missing_locations(replaced)


# ---------------------------------------------------------------- where and what


def _changes(tree: ast.Module) -> Iterator[tuple[str, ast.AST, ast.AST | None]]:
    """Every change: the function it is in, the node, and what takes its place (None: the statement is deleted)."""
    for owner, function in _owners(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.stmt):
                yield from ((owner, node, changed) for changed in _statement(node, function))
            elif isinstance(node, ast.expr):
                yield from ((owner, node, changed) for changed in _expression(node))


def _owners(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield f"{node.name}.{inner.name}", inner
        elif isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            yield "module", node


def _statement(node: ast.stmt, function: ast.AST) -> Iterator[ast.AST | None]:
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=node.lineno)
        if type(node.op) in _ARITHMETIC:
            yield ast.AugAssign(node.target, _ARITHMETIC[type(node.op)](), node.value)
    if isinstance(node, ast.If | ast.While):
        for value in (True, False):
            if not (isinstance(node, ast.While) and value):
                yield _replaced(node, "test", ast.Constant(value))
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if (
        isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Raise | ast.Delete | ast.If)
        and not docstring
        and node is not function
    ):
        yield None


def _expression(node: ast.expr) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARE:
        yield _replaced(node, "ops", [_COMPARE[type(node.ops[0])](), *node.ops[1:]])
    elif isinstance(node, ast.BinOp):
        yield from _binary(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        if not isinstance(node.operand, ast.Constant):
            yield node.operand
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.Constant):
        yield from _constant(node)
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield node.value
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)


def _binary(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in _ARITHMETIC:
        yield _replaced(node, "op", _ARITHMETIC[type(node.op)]())
    if isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, ast.MatMult(), node.left)
    if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow):
        yield node.left
    if isinstance(node.op, ast.Add | ast.Mult):
        yield node.right


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield from (ast.Constant(value + 1), ast.Constant(value - 1))
    elif isinstance(value, float):
        yield from (ast.Constant(value * 2 + (value == 0)), ast.Constant(value / 2 - (value == 0)))


def _call(node: ast.Call) -> Iterator[ast.AST]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _NEIGHBOURS:
        yield _replaced(node, "func", _renamed(node.func, _NEIGHBOURS[name]))
    if name in _DROPPED_METHODS and isinstance(node.func, ast.Attribute):
        yield node.func.value
    if len(node.args) >= 2 and name not in _COMMUTE and not any(isinstance(one, ast.Starred) for one in node.args):
        yield _replaced(node, "args", [node.args[1], node.args[0], *node.args[2:]])
    for place, keyword in enumerate(node.keywords):
        yield from (_replaced(node, "keywords", k) for k in _keyword(node.keywords, place, keyword))


def _keyword(keywords: list[ast.keyword], place: int, keyword: ast.keyword) -> Iterator[list[ast.keyword]]:
    """Drop a keyword argument; turn an axis to another one."""
    yield [*keywords[:place], *keywords[place + 1 :]]
    if keyword.arg == "axis":
        other = ast.Constant(-1) if ast.unparse(keyword.value) == "0" else ast.Constant(0)
        yield [*keywords[:place], ast.keyword("axis", other), *keywords[place + 1 :]]


def _renamed(function: ast.expr, name: str) -> ast.expr:
    if isinstance(function, ast.Attribute):
        return ast.Attribute(function.value, name, ast.Load())
    return ast.Name(name, ast.Load())


def _replaced(node: ast.AST, field: str, value: object) -> ast.AST:
    changed = copy.copy(node)
    setattr(changed, field, value)
    return changed
