"""What the grader of F.3 runs beside the learner's code: Values cannot cross the boundary, their programs can."""

from __future__ import annotations

import operator
import sys
from types import ModuleType
from typing import Any

from course.grading.probes import find_function

BINARY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow}


def run(module: ModuleType, lines: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Execute a program; return the data and the grad of every Value in it, by name.

    A line is ("Value", 1.5), ("+", "x0", 2) or ("relu", "x1") and makes the next of x0, x1, …: text names a Value, a
    number is itself. Or it is a command: ("backward", "x2"), ("zero_grad", "x2"), ("set", "x0.data", 0.5).
    "odd" says what a line made that has no data and grad, and the program ends there; "same" pairs names of one object.
    """
    values: dict[str, Any] = {}
    for line in lines:
        made = execute(module, line, values)
        if line[0] in ("backward", "zero_grad", "set"):
            continue
        if not (hasattr(made, "data") and hasattr(made, "grad")):
            return {"odd": [len(values), made if isinstance(made, int | float | None) else type(made).__name__]}
        values[f"x{len(values)}"] = made
    names = list(values)
    return {
        "data": {name: value.data for name, value in values.items()},
        "grad": {name: value.grad for name, value in values.items()},
        "same": [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if values[a] is values[b]],
    }


def execute(module: ModuleType, line: tuple[Any, ...], values: dict[str, Any]) -> Any:
    op, *rest = line
    if op == "Value":
        return find_function(module, "Value")(*rest)
    if op == "set":
        name, _, attribute = rest[0].partition(".")
        return setattr(values[name], attribute, rest[1])
    operands = [values[x] if isinstance(x, str) else x for x in rest]
    if op in BINARY:
        return BINARY[op](*operands)
    if op == "neg":
        return -operands[0]
    if op == "zero_grad":
        return find_function(module, "zero_grad")(*operands)
    return getattr(operands[0], op)()


def chain(module: ModuleType, left: bool, length: int, zero: bool) -> dict[str, Any]:
    """Add x to a sum `length` times, call backward (and zero_grad); the sum so far is the left or the right operand."""
    limit = sys.getrecursionlimit()
    x = find_function(module, "Value")(0.5)
    y = x
    for _ in range(length):
        y = y + x if left else x + y
    try:
        y.backward()
        if zero:
            find_function(module, "zero_grad")(y)
    except RecursionError:
        return {"recursion": True, "limit": False}
    return {
        "data": y.data,
        "grad": x.grad,
        "root": y.grad,
        "recursion": False,
        "limit": sys.getrecursionlimit() != limit,
    }


def work(module: ModuleType, call: str, doubling: bool, length: int, most: int) -> dict[str, bool]:
    """Walk a chain (y = y + y or y = y + x), by backward or zero_grad; is something done more than `most` times?

    "comparisons": two Values compared with ==, as `in` does on a list; "writes": a number put into some grad. No counts
    are returned: they are a matter of style, and two versions of one bug should give one answer.
    """
    kind = find_function(module, "Value")
    count = {"comparisons": 0, "writes": 0}
    own = {name: vars(kind)[name] for name in ("__eq__", "__setattr__") if name in vars(kind)}

    def equal(self: Any, other: Any) -> Any:
        count["comparisons"] += 1
        return own["__eq__"](self, other) if "__eq__" in own else self is other

    def write(self: Any, name: str, value: Any) -> None:
        count["writes"] += name == "grad"
        own.get("__setattr__", object.__setattr__)(self, name, value)

    x = kind(0.5)
    y = x
    for _ in range(length):
        y = y + y if doubling else y + x
    kind.__eq__, kind.__setattr__ = equal, write
    try:
        if call == "backward":
            y.backward()
        else:
            find_function(module, "zero_grad")(y)
    finally:
        for name in ("__eq__", "__setattr__"):
            if name in own:
                setattr(kind, name, own[name])
            else:
                delattr(kind, name)
    return {what: number > most for what, number in count.items()}


def identity(module: ModuleType, number: float) -> dict[str, Any]:
    """Compare two Values of one number, and put them into a set."""
    a, b = find_function(module, "Value")(number), find_function(module, "Value")(number)
    return {"a == b": bool(a == b), "a == a": bool(a == a), "members": len({a, b})}
