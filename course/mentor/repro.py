"""The failing call as a script of ten lines, which needs nothing but the learner's package and NumPy."""

from __future__ import annotations

import ast
import textwrap

from course.curriculum import Step
from course.grading.learner import Exchange
from course.grading.outcomes import PropertyResult
from course.grading.show import show_value


def repro(step: Step, failed: PropertyResult, exchange: Exchange, *, debug: bool = False) -> str:
    """Write the script; with `debug` it stops in the debugger right before the call."""
    lines = [f'"""{step.number}: {failed.claim}. Written by course replay {step.number}."""', ""]
    if "numpy" in step.rules.imports:
        lines += ["import numpy as np", ""]
    lines += [f"from {step.module} import *", ""]
    if debug:
        lines.append("breakpoint()  # s: step into the next line, n: over it, p NAME: print, c: go on")
    lines += _calls(exchange)
    if failed.failure:
        lines += ["", *(f"# the grader: {line}" for line in (failed.failure.summary, *failed.failure.detail))]
    return "\n".join(lines) + "\n"


def _calls(exchange: Exchange) -> list[str]:
    """The call as statements that print what came back."""
    if exchange.operation == "probe":
        return _probe(exchange)
    return [f"print({exchange.name}({_arguments(exchange.args, exchange.kwargs)}))"]


def _probe(exchange: Exchange) -> list[str]:
    match exchange.name, exchange.args:
        case "forward_backward", (str(forward), str(backward), inner, upstream):
            arguments = _arguments(inner, exchange.kwargs)
            return [
                f"*outputs, cache = {forward}({arguments})",
                f"gradients = {backward}({show_value(upstream, most=None)}, cache)",
                "print(*outputs)",
                "print(gradients)",
            ]
        case "purity" | "peak_bytes" | "outputs", (str(name), inner):
            kwargs = {key: value for key, value in exchange.kwargs.items() if key != "cached"}
            return [f"print({name}({_arguments(inner, kwargs)}))"]
        case "warnings_of", (str(name), *inner):
            return [f"print({name}({_arguments(tuple(inner), exchange.kwargs)}))"]
        case "call_count", (str(name), _, inner):
            return [f"print({name}({_arguments(inner, exchange.kwargs)}))"]
    return _shown(exchange.shown)


def _arguments(args: tuple[object, ...], kwargs: dict[str, object]) -> str:
    parts = [show_value(value, most=None) for value in args]
    return ", ".join([*parts, *(f"{name}={show_value(value, most=None)}" for name, value in kwargs.items())])


def _shown(text: str) -> list[str]:
    """The grader's own wording: as code where it is code (its last expression printed), else as a comment."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return [f"# {line}" for line in textwrap.wrap(text, 100)]
    *before, last = tree.body or [ast.Pass()]
    end = f"print({ast.unparse(last.value)})" if isinstance(last, ast.Expr) else ast.unparse(last)
    return [*(ast.unparse(one) for one in before), end]
