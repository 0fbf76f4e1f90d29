"""Compute an expression of the small language, node by node, with a bound on numbers, lists and arrays.

This runs in the learner process, under its limits of time and memory: what the bounds here do not foresee ends there.
"""

from __future__ import annotations

import ast
import math
import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from course.grading.expressions import BUILTINS, MAX_BITS, MODULES, SIDES, NotAllowed, dotted, kind

MAX_ELEMENTS = 1_000_000
MAX_RESULT = 100_000

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.MatMult: operator.matmul,
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos, ast.USub: operator.neg, ast.Not: operator.not_,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip
# Functions that make an array of a size given as numbers: where the size stands, the size is looked at first.
_SIZED = ("zeros", "ones", "full", "eye", "identity", "arange", "linspace", "tile", "repeat", "broadcast_to")


def compute(
    tree: ast.expr, functions: Mapping[str, Any], values: Mapping[str, Any] | None = None, *, arrays: bool = False
) -> Any:
    """Compute a checked expression. `functions`: what stands behind `mine`; `values`: names that have a value.

    With `arrays`, a list that is handed to one of the functions stands for an array.
    """
    return _Computing(functions, values or {}, arrays).value(tree)


class _Computing:
    def __init__(self, functions: Mapping[str, Any], values: Mapping[str, Any], arrays: bool) -> None:
        self.functions, self.values, self.arrays = functions, values, arrays

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._name(name)
            case ast.Tuple(elts=items):
                return tuple(self.value(item) for item in items)
            case ast.List(elts=items):
                return [self.value(item) for item in items]
            case ast.BinOp(left=left, op=op, right=right):
                return _binary(op, self.value(left), self.value(right))
            case ast.UnaryOp(op=op, operand=operand):
                return _UNARY[type(op)](self.value(operand))
            case ast.BoolOp(op=op, values=parts):
                stop = isinstance(op, ast.Or)
                return next((one for one in map(self.value, parts[:-1]) if bool(one) is stop), self.value(parts[-1]))
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compare(self.value(left), ops, others)
            case ast.Subscript(value=value, slice=index):
                return self.value(value)[self._index(index)]
            case ast.Attribute():
                return self._attribute(node)
            case ast.Call():
                return self._call(node)
        raise NotAllowed(f"{kind(node)} is not allowed in a CHECK")

    def _name(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        if name in self.functions:
            return self.functions[name]
        if name in BUILTINS:
            return BUILTINS[name]
        raise NotAllowed(f"{name} is not known here")

    def _compare(self, left: Any, ops: list[ast.cmpop], others: list[ast.expr]) -> Any:
        result: Any = True
        for op, other in zip(ops, others, strict=True):
            right = self.value(other)
            result = _COMPARE[type(op)](left, right)
            if len(ops) > 1 and not result:
                return False
            left = right
        return result

    def _index(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Slice):
            return slice(*(None if one is None else self.value(one) for one in (node.lower, node.upper, node.step)))
        if isinstance(node, ast.Tuple):
            return tuple(self._index(item) for item in node.elts)
        return self.value(node)

    def _attribute(self, node: ast.Attribute) -> Any:
        head, _, rest = dotted(node).partition(".")
        if head in MODULES and rest:
            return _member(MODULES[head], rest)
        if head in SIDES and rest:
            return self.functions[rest]
        return getattr(self.value(node.value), node.attr)

    def _call(self, node: ast.Call) -> Any:
        function = self.value(node.func)
        args = [self.value(one) for one in node.args]
        kwargs = {str(one.arg): self.value(one.value) for one in node.keywords}
        head, _, rest = dotted(node.func).partition(".")
        if head in MODULES and rest in _SIZED:
            _bounded(rest, args, kwargs)
        of_the_step = (head in SIDES and rest in self.functions) or (not rest and head in self.functions)
        meant = of_the_step and self.arrays
        return _as_meant(function, args, kwargs) if meant else function(*args, **kwargs)


def _member(module: str, path: str) -> Any:
    found = sys.modules.get(module) if module == "numpy" else math
    if found is None:
        raise NotAllowed("NumPy is not installed here")
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _binary(op: ast.operator, left: Any, right: Any) -> Any:
    ints = isinstance(left, int) and isinstance(right, int)
    if isinstance(left, str) and isinstance(op, ast.Mod):
        raise NotAllowed("formatting is not allowed in a CHECK")
    if isinstance(op, ast.Pow) and ints and left.bit_length() * max(right, 0) > MAX_BITS:
        raise NotAllowed("a power in it is too large")
    if isinstance(op, ast.Mult):
        if ints and left.bit_length() + right.bit_length() > MAX_BITS:
            raise NotAllowed("a number in it is too large")
        for one, times in ((left, right), (right, left)):
            if isinstance(one, str | list | tuple) and isinstance(times, int) and len(one) * times > MAX_RESULT:
                raise NotAllowed("a list in it is too long")
    return _BINARY[type(op)](left, right)


def _bounded(name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Refuse an array of more than a million elements before it is made."""
    try:
        size = _size(name, [*args, *kwargs.values()])
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return  # NumPy itself will say what is wrong with it
    if not size <= MAX_ELEMENTS:
        raise NotAllowed("an array in it is too large")


def _size(name: str, args: list[Any]) -> float:
    if name == "linspace":
        return float(args[2]) if len(args) > 2 else 50.0
    if name == "arange":
        start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
        return float(abs((stop - start) / step))
    if name in ("eye", "identity"):
        return float(args[0]) * float(args[1] if len(args) > 1 and isinstance(args[1], int) else args[0])
    first = (
        1.0
        if name in ("zeros", "ones", "full")
        else float(max(len(args[0]), 1))
        if hasattr(args[0], "__len__")
        else 1.0
    )
    shape = args[0] if name in ("zeros", "ones", "full") else args[1]
    return first * math.prod(max(abs(float(side)), 1.0) for side in _numbers(shape))


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _numbers(one)


def _as_meant(function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call a function that works with arrays: a list stands for an array, a whole number at first for a float.

    Tried in this order until one does not raise: all of it float64; the first argument only (others may be indices);
    as it was written; every number as an array of no axes.
    """
    import numpy as np  # noqa: PLC0415 - in the learner process, where the step has imported it

    floats = [_floats(np, one) for one in args]
    first = [*floats[:1], *(_array(np, one) for one in args[1:])]
    bare = [np.array(one) if isinstance(one, float) else one for one in floats]
    error: Exception | None = None
    for attempt in (floats, first, args, bare):
        try:
            with np.errstate(all="ignore"):
                return function(*attempt, **kwargs)
        except NotImplementedError:
            raise
        except Exception as raised:  # the learner's own code may raise anything
            error = error or raised
    assert error is not None
    raise error


def _floats(np: Any, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    found = _array(np, value)
    return found.astype(np.float64) if isinstance(found, np.ndarray) and found.dtype.kind == "i" else found


def _array(np: Any, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    try:
        found = np.array(value)
    except (ValueError, TypeError):
        return value
    return found if found.dtype.kind in "iuf" else value
