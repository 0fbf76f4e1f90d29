"""The source of a module, and the code of an edited version: only the function an edit stands in is compiled again."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType

from course.grading.codes import differ, functions


@dataclass(frozen=True, slots=True)
class _Function:
    """A function at the top of a module or of a class there: its lines, counted from 0, and where its body begins."""

    name: str
    owner: str
    first: int
    body: int
    end: int


class Source:
    """A module's text and code; `edited` is what `compile` makes of the edited text, for a fraction of the work."""

    def __init__(self, text: str, filename: str) -> None:
        """Raise `SyntaxError` where `compile` does."""
        self._filename = filename
        self.code = self._compiled(text)
        lines = text.splitlines(keepends=True)
        tree = ast.parse(text)
        self._functions = list(_functions(tree, lines))
        # On one line: the code of a function depends on what is imported, `annotations` from the future and modules.
        self._imports = "; ".join(ast.unparse(one) for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom))
        # The text in pieces: what stands between the bodies of functions, a body, what stands between, and so on.
        self._pieces: list[str] = []
        done = 0
        for one in self._functions:
            self._pieces += ["".join(lines[done : one.body]), "".join(lines[one.body : one.end])]
            done = one.end
        self._pieces.append("".join(lines[done:]))
        self._alone: dict[int, CodeType] = {}
        self._lines = [(path, one.co_firstlineno) for path, one in functions(self.code)]
        self._heads = ["".join(lines[one.first : one.body]) for one in self._functions]

    def edited(self, edits: Sequence[tuple[str, str]]) -> CodeType:
        """The code of the module after these edits, (find, replace) each; raise `ValueError` when one doesn't fit."""
        pieces = self._edited_pieces(edits)
        code: CodeType | None = self.code if len(pieces) > 1 else None
        for place in self._changed(pieces):
            code = code and self._with_body(code, place // 2, pieces[place])
        return code or self._compiled("".join(pieces))

    def touched(self, edits: Sequence[tuple[str, str]]) -> frozenset[str] | None:
        """The functions in which these edits stand and those that stand in them, by their paths, without compiling.

        None where they may show elsewhere, or don't fit.
        """
        try:
            pieces = self._edited_pieces(edits)
        except ValueError:
            return None
        changed = self._changed(pieces)
        if len(pieces) == 1 or not all(_is_inside(pieces[place], self._pieces[place]) for place in changed):
            return None
        around = [self._functions[place // 2] for place in changed]
        return frozenset(path for path, line in self._lines if any(one.first < line <= one.end for one in around))

    def _edited_pieces(self, edits: Sequence[tuple[str, str]]) -> list[str]:
        """The pieces after these edits, or all in one when an edit is not inside a body."""
        pieces = list(self._pieces)
        for find, new in edits:
            text = "".join(pieces)
            if text.count(find) != 1:  # two mistakes that edit the same place
                raise ValueError(find)
            place = next((at for at, piece in enumerate(pieces) if find in piece), None)
            if place is None or place % 2 == 0:  # beside the bodies, or across the edge of one
                pieces = [text.replace(find, new)]
            else:
                pieces[place] = pieces[place].replace(find, new)
        return pieces

    def _changed(self, pieces: Sequence[str]) -> list[int]:
        return [at for at, piece in enumerate(pieces) if piece != self._pieces[at]] if len(pieces) > 1 else []

    def _compiled(self, text: str) -> CodeType:
        return compile(text, self._filename, "exec", dont_inherit=True)

    def _with_body(self, code: CodeType, place: int, body: str) -> CodeType | None:
        """The module's code with another body of one function; None when that changes what is around it, too."""
        if place not in self._alone:
            self._alone[place] = self._one_function(place, self._pieces[2 * place + 1])
        try:
            edited = self._one_function(place, body)
        except SyntaxError:  # what is wrong, the whole text says
            return None
        if not differ(self._alone[place], edited, "", set()):
            return None
        function = self._functions[place]
        path = [function.owner, function.name] if function.owner else [function.name]
        return _put(code, path, function.first + 1, _at(edited, path))

    def _one_function(self, place: int, body: str) -> CodeType:
        """The code of a module with this one function, on its lines, in its class, with the imports."""
        function = self._functions[place]
        head = f"class {function.owner}:\n" if function.owner else ""
        above = "\n" * (function.first - bool(head))
        return self._compiled(f"{self._imports if above else ''}{above}{head}{self._heads[place]}{body}")


def _functions(tree: ast.Module, lines: Sequence[str]) -> Iterator[_Function]:
    for one in tree.body:
        inside = [(one.name, each) for each in one.body] if isinstance(one, ast.ClassDef) else [("", one)]
        for owner, node in inside:
            if isinstance(node, ast.FunctionDef):
                start, body = node.body[0], node.body[0].lineno - 1
                if not lines[body][: start.col_offset].strip():  # not `def f(): return 1`
                    first = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1
                    yield _Function(node.name, owner, first, body, node.end_lineno or body + 1)


def _is_inside(body: str, original: str) -> bool:
    """Whether all lines of an edited body are as far in as it began: none is outside of the function."""
    margin = original[: len(original) - len(original.lstrip())]
    return all(line.startswith(margin) for line in body.splitlines() if line.strip())


def _at(code: CodeType, path: Sequence[str]) -> CodeType:
    """The code at the end of a path of names."""
    for name in path:
        code = next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name)
    return code


def _put(code: CodeType, path: Sequence[str], line: int, new: CodeType) -> CodeType | None:
    """The code with another function at the end of a path, in the place of the one that begins on this line."""
    name, *rest = path
    for place, one in enumerate(code.co_consts):
        if isinstance(one, CodeType) and one.co_name == name and (rest or one.co_firstlineno == line):
            inner = _put(one, rest, line, new) if rest else new
            if inner is not None:
                return code.replace(co_consts=(*code.co_consts[:place], inner, *code.co_consts[place + 1 :]))
    return None
