"""The failing call as a script: it needs the learner's package, NumPy or torch, and nothing else.

Some ten lines, a call and what it takes; where the wording of a probe does not say all that it does, the probe itself.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import textwrap
import tokenize
from typing import Any

from course.curriculum import Step
from course.grading.exchange import Exchange
from course.grading.outcomes import PropertyResult
from course.grading.show import show_value
from course.mentor.inlined import Inlined


def repro(step: Step, failed: PropertyResult, exchange: Exchange, *, probes: str = "", debug: bool = False) -> str:
    """Write the script; with `debug` it stops in the debugger right before the call, and has as many lines.

    `probes` is the source of the grader's: what their wording leaves out, one says by itself.
    """
    summary = failed.failure.summary if failed.failure else ""
    lines = [f'"""{step.number}: {failed.claim}. Written by course replay {step.number}."""', ""]
    if inlined := _inlined(exchange, probes):
        calls = [f"print({exchange.name}({_arguments((_MODULE, *exchange.args), exchange.kwargs)}))"]
        lines += [*_imports(inlined.imports(), calls), f"import {step.module} as module", "", *inlined.body(), ""]
    else:
        calls = _calls(exchange, summary)
        libraries = [_LIBRARIES[one] for one in ("numpy", "torch") if one in step.rules.imports]
        lines += [*_imports(libraries, calls), f"from {step.module} import *"]
    lines += ["breakpoint()" if debug else "", *calls]
    if failed.failure:
        lines += ["", *(f"# the grader: {line}" for line in (summary, *failed.failure.detail))]
    return "\n".join(lines) + "\n"


_LIBRARIES = {"numpy": "import numpy as np", "torch": "import torch"}


def _imports(wanted: list[str], calls: list[str]) -> list[str]:
    """These imports, and NumPy's where an argument is written with it, such as `np.inf`; an empty line after them."""
    found = {*wanted, *([_LIBRARIES["numpy"]] if any("np." in one for one in calls) else [])}
    return [*sorted(found), ""] if found else []


def _inlined(exchange: Exchange, probes: str) -> Inlined | None:
    """The probe itself, where its wording does not say all that it does, and it needs nothing but what it says."""
    if exchange.operation != "probe" or exchange.script or not probes:
        return None
    inlined = Inlined(probes, exchange.name)
    # What raised outside of the learner's code is the probe, of an answer that it could do nothing with.
    its_own = exchange.reply.get("status") == "raised" and not exchange.reply.get("where")
    in_full = not inlined.touches_files and not its_own and _says_all(exchange)
    return inlined if inlined.stands_alone and not in_full else None


def _says_all(exchange: Exchange) -> bool:
    """Whether a probe's wording is code that needs no comment, leaves nothing out and takes nothing for given."""
    try:
        tree = ast.parse(exchange.wording)
        tokens = list(tokenize.generate_tokens(io.StringIO(exchange.wording).readline))
    except (SyntaxError, tokenize.TokenError):
        return False
    left_out = any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(tree))
    remarks = any(token.type == tokenize.COMMENT for token in tokens)
    return bool(tree.body) and not left_out and not remarks and not _given(tree, exchange, _bound(tree))[1]


def _calls(exchange: Exchange, said: str) -> list[str]:
    """The call as statements that print what came back."""
    if exchange.operation == "probe":
        return _probe(exchange, said)
    return [f"print({exchange.name}({_arguments(exchange.args, exchange.kwargs)}))"]


def _probe(exchange: Exchange, said: str) -> list[str]:
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
    return _shown(exchange, said)


class _Module:
    """The learner's module, by its name in the script."""

    def __repr__(self) -> str:
        return "module"


_MODULE = _Module()


def _arguments(args: tuple[object, ...], kwargs: dict[str, object]) -> str:
    parts = [show_value(value, most=None) for value in args]
    return ", ".join([*parts, *(f"{name}={show_value(value, most=None)}" for name, value in kwargs.items())])


def _shown(exchange: Exchange, said: str) -> list[str]:
    """The grader's script, or its wording: as code where it is code, printing what it speaks of; else as a comment."""
    if exchange.script:
        return exchange.lines.splitlines()
    try:
        tree = ast.parse(exchange.wording)
    except SyntaxError:
        return _as_comment(exchange.wording)
    lines, unknown = _given(tree, exchange, _bound(tree))
    if unknown:
        words = f"What stands here for {' and '.join(unknown)} is an object of the grader's own:"
        return [*_as_comment(words), *(f"# {line}" for line in exchange.wording.splitlines())]
    *before, last = tree.body or [ast.Pass()]
    spoken = _spoken_of(said, _made(tree))
    # One answer for each of several calls: each is printed.
    each = isinstance(exchange.reply.get("value"), list | tuple)
    lines += [ast.unparse(_printing(one) if each else one) for one in before]
    # A call that hands nothing back is done for what it changes: that is printed.
    lines.append(ast.unparse(last if spoken else _printing(last)))
    if isinstance(last, ast.Assign) and not spoken:
        spoken = [ast.unparse(last.targets[0])]
    if not spoken and (network := _backward_of(last)) and _brings(exchange.reply.get("value"), "grads"):
        spoken = [f"{network}.grads"]
    return lines + [f"print({one})" for one in spoken]


def _printing(statement: ast.stmt) -> ast.stmt:
    """The statement, with the value printed that it ends with: in a loop, each time around."""
    match statement:
        case ast.Expr(value):
            return ast.Expr(ast.Call(ast.Name("print"), [value], []))
        case ast.For(target, values, [*before, last], orelse):
            return ast.For(target, values, [*before, _printing(last)], orelse, lineno=statement.lineno)
    return statement


def _given(tree: ast.Module, exchange: Exchange, bound: set[str]) -> tuple[list[str], list[str]]:
    """Lines that make what the wording takes for given, and the names that cannot be made."""
    lines, unknown = [], []
    free = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    for name in dict.fromkeys(free):
        if name in bound or hasattr(builtins, name) or name in ("np", "math", "torch"):
            continue
        if name == "rng":
            lines.append("rng = np.random.default_rng(0)")
        elif (value := _argument(tree, exchange, name)) is not _NOTHING:
            lines.append(f"{name} = {show_value(value, most=None)}")
        elif name[0].islower() and not _is_called(tree, name):
            unknown.append(name)
    return lines, unknown


def _bound(tree: ast.Module) -> set[str]:
    """Names that the script gives a meaning to."""
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return bound - _continued(tree)


def _made(tree: ast.Module) -> set[str]:
    """Names that the script itself has once it ran, not only a lambda or a comprehension in it."""
    targets = [target for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets]
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}


def _continued(tree: ast.Module) -> set[str]:
    """Names that only go on from what they were: `x = x * 1.01`, and nothing says what x is."""
    found: dict[str, bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            loaded = {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = found.get(target.id, True) and target.id in loaded
    return {name for name, continued in found.items() if continued}


_NOTHING = object()


def _argument(tree: ast.Module, exchange: Exchange, name: str) -> Any:
    """What the probe was given where the wording has a name: `get_stats(ids)` and ("get_stats", [3, 1, …])."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called, args = ast.unparse(node.func).rpartition(".")[2], exchange.args
        start = args.index(called) + 1 if called in [one for one in args if isinstance(one, str)] else 0
        for place, argument in enumerate(node.args):
            if isinstance(argument, ast.Name) and argument.id == name and start + place < len(args):
                value = args[start + place]
                return value if isinstance(value, str | bytes | list | tuple) else _NOTHING
    return _NOTHING


def _is_called(tree: ast.Module, name: str) -> bool:
    """Whether a name is a function's: the learner's own, from the module."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in ast.walk(tree)
    )


def _spoken_of(said: str, bound: set[str]) -> list[str]:
    """What the grader's sentence is about, where the script has it: `x0.grad: got 1.5`, `the sum of a.grad over …`."""
    part = r"(?:\.[A-Za-z_]\w*|\[\d+\])"
    first, inside = re.match(rf"([A-Za-z_]\w*){part}*", said), re.search(rf"\b([A-Za-z_]\w*){part}+", said)
    return next(([one[0]] for one in (first, inside) if one and one[1] in bound), [])


def _backward_of(last: ast.stmt) -> str:
    """The name of what `net.backward(…)` is called on; it may leave its gradients there, too."""
    match last:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "backward"))):
            return name
    return ""


def _brings(value: object, key: str) -> bool:
    """Whether a probe brought something back under this name."""
    if isinstance(value, dict):
        return key in value or any(_brings(one, key) for one in value.values())
    return isinstance(value, list) and any(_brings(one, key) for one in value)


def _as_comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, 100)]
