"""The piece of the learner's file that a prompt shows: the function that fails, as code and nothing but code.

It is written anew from its syntax tree, so that no comment and no docstring reaches a chat: what stands in them could
be read as an instruction, or as knowledge.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

MOST_LINES = 60


def excerpt(source: str, names: Iterable[str], budget: int) -> str:
    """The functions of these names (`f`, `Class.f`; the last part alone will do), at most so many characters.

    All functions when it has none of them; empty when the file cannot be read as Python.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ""
    functions = _functions(tree)
    wanted = list(dict.fromkeys(names))
    found = [one for name in wanted for one in functions if name in (one[0], one[0].rpartition(".")[2])]
    texts = [_text(code) for _, code in dict.fromkeys(found or functions)]
    return _cut("\n\n".join(texts), budget)


def _functions(tree: ast.Module) -> list[tuple[str, ast.stmt]]:
    """Every function by its name, a method inside the first line of its class."""
    found: list[tuple[str, ast.stmt]] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.append((node.name, node))
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    alone = ast.ClassDef(node.name, node.bases, node.keywords, [inner], [])
                    found.append((f"{node.name}.{inner.name}", alone))
    return found


def _text(code: ast.stmt) -> str:
    bare = ast.parse(ast.unparse(code))
    for node in ast.walk(bare):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [one for one in body if not _stands_alone(one)] or [ast.Pass()]
    return "\n".join(line for line in ast.unparse(bare).splitlines() if line.strip())


def _stands_alone(node: ast.AST) -> bool:
    """A text that is no value of anything: a docstring, or a note written as one."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _cut(text: str, budget: int) -> str:
    lines, size, kept = text.splitlines(), 0, []
    for line in lines[:MOST_LINES]:
        size += len(line) + 1
        if size > budget - 30:  # room for the line that says how many are missing
            break
        kept.append(line)
    if not kept:
        return ""
    if len(kept) < len(lines):
        kept.append(f"# … {len(lines) - len(kept)} more lines")
    return "\n".join(kept)
