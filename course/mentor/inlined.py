"""A grader's probe as plain Python: its function, what that needs, and the call, to run on the learner's module."""

from __future__ import annotations

import ast
from collections.abc import Iterator

# What touches files runs in a folder of its own: the learner's are theirs.
FILES = frozenset({"os", "pathlib", "shutil", "tempfile"})
FINDS = "find_function"
_IMPORTS = (ast.Import, ast.ImportFrom)


class Inlined:
    """What of a module of probes one of them needs."""

    def __init__(self, source: str, name: str) -> None:
        self._tree = _without_passes(_Plain().visit(ast.parse(source)))
        self._bound = dict(_bindings(self._tree))
        self._needed: dict[int, ast.stmt] = {}
        self._names: set[str] = set()
        if name in self._bound:
            self._need(name)

    def _need(self, name: str) -> None:
        statement = self._bound[name]
        self._names.add(name)
        self._needed[id(statement)] = statement
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                if node.id in self._bound and node.id not in self._names:
                    self._need(node.id)
                elif node.id in ("open", "operator"):
                    self._names.add(node.id)

    @property
    def stands_alone(self) -> bool:
        """Whether the probe is there and needs nothing of the engine's own, such as a counter of lines."""
        return bool(self._needed) and not any("course" in _modules(one) for one in self._needed.values())

    @property
    def touches_files(self) -> bool:
        modules = {module for one in self._needed.values() for module in _modules(one)}
        return bool(modules & FILES) or "open" in self._names

    def imports(self) -> list[str]:
        """The lines of the imports, each of no more than is needed."""
        found = {ast.unparse(_only(one, self._names)) for one in self._in_order() if isinstance(one, _IMPORTS)}
        if "operator" in self._names:
            found.add("import operator")
        return sorted(found | ({"import os", "import tempfile"} if self.touches_files else set()))

    def body(self) -> list[str]:
        """What else stands in the module, in its order."""
        alone = ["os.chdir(tempfile.mkdtemp())  # it writes files: in a folder of its own"]
        lines = alone if self.touches_files else []
        for one in self._in_order():
            if isinstance(one, ast.FunctionDef | ast.ClassDef):
                lines += [*([""] if lines else []), "", *ast.unparse(one).splitlines()]
            elif not isinstance(one, _IMPORTS):
                lines.append(ast.unparse(one))
        return lines

    def _in_order(self) -> list[ast.stmt]:
        return [one for one in self._tree.body if id(one) in self._needed]


# The annotation of whatever needs one.
_ANYTHING = ast.Name("object")


class _Plain(ast.NodeTransformer):
    """No annotations, which would ask for imports, and the learner's functions by their names."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        for one in ast.walk(node.args):
            if isinstance(one, ast.arg):
                one.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        for one in node.body:
            if isinstance(one, ast.AnnAssign):  # a field of a dataclass, perhaps: it looks at them
                one.annotation = _ANYTHING
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if node.annotation is _ANYTHING:
            return node
        return ast.copy_location(ast.Assign([node.target], node.value), node) if node.value else None

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        match node.value:
            case ast.Call(ast.Name(name)) if name == FINDS:  # it only asks whether it is there
                return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(ast.Name(name), [module, ast.Constant(str(path))]) if name == FINDS:
                return ast.parse(f"{ast.unparse(module)}.{path}", mode="eval").body
            case ast.Call(ast.Name(name), [module, path]) if name == FINDS:
                return ast.parse(f"operator.attrgetter({ast.unparse(path)})({ast.unparse(module)})", mode="eval").body
        return node


def _modules(statement: ast.stmt) -> set[str]:
    """The packages that a statement imports from."""
    match statement:
        case ast.Import(names):
            return {one.name.partition(".")[0] for one in names}
        case ast.ImportFrom(str(module)):
            return {module.partition(".")[0]}
    return set()


def _without_passes(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            body[:] = [one for one in body if not isinstance(one, ast.Pass)] or body[:1]
    return tree


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """The names at the top of a module, and what binds them."""
    for one in tree.body:
        if isinstance(one, ast.FunctionDef | ast.ClassDef):
            yield one.name, one
        elif isinstance(one, _IMPORTS):
            yield from (((alias.asname or alias.name).partition(".")[0], one) for alias in one.names)
        elif isinstance(one, ast.Assign):
            yield from (
                (node.id, one) for target in one.targets for node in ast.walk(target) if isinstance(node, ast.Name)
            )


def _only(statement: ast.Import | ast.ImportFrom, names: set[str]) -> ast.stmt:
    """The import, of nothing but these names."""
    kept = [one for one in statement.names if (one.asname or one.name).partition(".")[0] in names]
    if isinstance(statement, ast.Import):
        return ast.Import(kept)
    return ast.ImportFrom(statement.module, kept, statement.level)
