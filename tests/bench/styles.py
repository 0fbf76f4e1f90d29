"""Known mistakes as a learner with another style would make them: the mistaken function stays, all around it changes.

A version is a mistake's code, with as many functions as possible taken from another right solution (those that still
pass beside the reference's), and all of it rewritten: sums and products in another order, other forms of the same
calls, other names, branches turned round. What rewriting and taking over may do is tried on the reference first: only
what leaves it right is used.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import diagnosis as corpus

from course.content import Content
from course.curriculum import Curriculum, Step
from course.grading import replayer
from course.grading.judge import Submission, grade, reference_modules
from course.grading.learner import Spare
from course.grading.mistakes import Mistake, load_mistakes
from course.grading.outcomes import Verdict
from course.grading.process import Setup
from course.grading.ready import Ready

# Examples a property: naming needs few, and there are many versions.
EXAMPLES = 6
TRIED = 4

HELPERS = """
def _product(a, b):
    if type(a) is np.ndarray and type(b) is np.ndarray and (a.ndim, b.ndim) in _LETTERS:
        return np.einsum(_LETTERS[a.ndim, b.ndim], a, b)
    return a @ b


_LETTERS = {(2, 2): "ij,jk->ik", (2, 1): "ij,j->i", (1, 2): "j,jk->k"}


def _sum(x, *args, **kwargs):
    if type(x) is np.ndarray and x.ndim and not args and kwargs.get("axis", 0) == 0:
        return (x if "axis" in kwargs else x.reshape(-1))[::-1].sum(**kwargs)
    return x.sum(*args, **kwargs)


def _mean(x, *args, **kwargs):
    if type(x) is np.ndarray and not args and not kwargs and x.size:
        return _sum(x) / x.size
    return x.mean(*args, **kwargs)


def _plain(value):
    if isinstance(value, tuple):
        return tuple(_plain(one) for one in value) if type(value) is tuple else value
    return float(value) if type(value) is np.float64 else value
"""


# ---------------------------------------------------------------- rewriting


class Arithmetic(ast.NodeTransformer):
    """a·b·c as a·(b·c), a + b + c as a + (b + c), x² as x·x, x / n as x·(1 / n)."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        left = node.left
        if isinstance(node.op, ast.Mult | ast.Add) and isinstance(left, ast.BinOp) and type(left.op) is type(node.op):
            return ast.BinOp(left.left, node.op, ast.BinOp(left.right, node.op, node.right))
        match node:
            case ast.BinOp(ast.Name() as x, ast.Pow(), ast.Constant(2)):
                return ast.BinOp(x, ast.Mult(), x)
            case ast.BinOp(x, ast.Div(), ast.Name() | ast.Attribute() as n) if not isinstance(x, ast.Constant):
                return ast.BinOp(x, ast.Mult(), ast.BinOp(ast.Constant(1.0), ast.Div(), n))
        return node


class Forms(ast.NodeTransformer):
    """Einsum for products, sums from the other end, means as sums."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult):
            return ast.Call(ast.Name("_product", ast.Load()), [node.left, node.right], [])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(value, "sum" | "mean" as name):
                if isinstance(value, ast.Name) and value.id in ("np", "math"):
                    return ast.Call(ast.Name(f"_{name}", ast.Load()), node.args[:1], _axis(node)) if node.args else node
                return ast.Call(ast.Name(f"_{name}", ast.Load()), [value, *node.args], node.keywords)
        return node


def _axis(node: ast.Call) -> list[ast.keyword]:
    return [*(ast.keyword("axis", one) for one in node.args[1:2]), *node.keywords]


class Plain(ast.NodeTransformer):
    """NumPy's floats handed back as Python's."""

    def visit_Return(self, node: ast.Return) -> ast.AST:
        return ast.Return(ast.Call(ast.Name("_plain", ast.Load()), [node.value], [])) if node.value else node


class Flow(ast.NodeTransformer):
    """Branches turned round, comparisons read from the right, list comprehensions as list()."""

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if not node.orelse or isinstance(node.orelse[0], ast.If):
            return node
        return ast.If(ast.UnaryOp(ast.Not(), node.test), node.orelse, node.body)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.orelse, node.body)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        turned = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}.get(type(node.ops[0]))
        if turned is None or len(node.ops) > 1:
            return node
        return ast.Compare(node.comparators[0], [turned()], [node.left])

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        self.generic_visit(node)
        return ast.Call(ast.Name("list", ast.Load()), [ast.GeneratorExp(node.elt, node.generators)], [])


class Names(ast.NodeTransformer):
    """Other names for what a function assigns to."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        inside = list(ast.walk(node))
        kept = {one.arg for one in inside if isinstance(one, ast.arg)}
        for one in inside:
            if isinstance(one, ast.Global | ast.Nonlocal):
                kept |= set(one.names)
        own = {one.id for one in inside if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)} - kept
        for one in inside:
            if isinstance(one, ast.Name) and one.id in own:
                one.id = f"{one.id}_here"
        return node


STYLES: dict[str, type[ast.NodeTransformer]] = {
    "arithmetic": Arithmetic, "forms": Forms, "plain": Plain, "flow": Flow, "names": Names,
}  # fmt: skip


def rewritten(source: str, styles: tuple[str, ...]) -> str:
    """The same program in other words."""
    tree = ast.parse(source)
    arrays = any(isinstance(one, ast.alias) and one.asname == "np" for one in ast.walk(tree))
    for style in styles:
        if arrays or style not in ("forms", "plain"):
            tree = ast.fix_missing_locations(STYLES[style]().visit(tree))
    return ast.unparse(tree) + (HELPERS if arrays else "")


# ---------------------------------------------------------------- taking over


@dataclass(frozen=True, slots=True)
class Parts:
    """A module in parts: functions and methods ("Class.method") by name, and everything at its top."""

    tree: ast.Module

    def functions(self) -> dict[str, ast.stmt]:
        found: dict[str, ast.stmt] = {}
        for one in self.tree.body:
            if isinstance(one, ast.FunctionDef):
                found[one.name] = one
            elif isinstance(one, ast.ClassDef):
                found |= {f"{one.name}.{each.name}": each for each in one.body if isinstance(each, ast.FunctionDef)}
        return found

    def names(self) -> dict[str, ast.stmt]:
        """What every name at the top is bound by."""
        found: dict[str, ast.stmt] = {}
        for one in self.tree.body:
            if isinstance(one, ast.FunctionDef | ast.ClassDef):
                found[one.name] = one
            elif isinstance(one, ast.Assign | ast.AnnAssign):
                targets = one.targets if isinstance(one, ast.Assign) else [one.target]
                found |= {target.id: one for target in targets if isinstance(target, ast.Name)}
        return found


def taken_over(source: str, other: str, functions: list[str]) -> str:
    """`source` with these functions as `other` has them, and what they need of it."""
    ours, theirs = Parts(ast.parse(source)), Parts(ast.parse(other))
    have, offered, tops = ours.names(), theirs.functions(), theirs.names()
    imports = [one for one in theirs.tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
    needed: dict[int, ast.stmt] = {}

    def need(node: ast.AST) -> None:
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and one.id in tops and one.id not in have:
                bound = tops[one.id]
                if id(bound) not in needed:
                    needed[id(bound)] = bound
                    need(bound)

    for name in functions:
        need(offered[name])

    def place(body: list[ast.stmt], prefix: str) -> list[ast.stmt]:
        return [
            offered[prefix + one.name] if isinstance(one, ast.FunctionDef) and prefix + one.name in functions else one
            for one in body
        ]

    body = place(ours.tree.body, "")
    for one in body:
        if isinstance(one, ast.ClassDef):
            one.body = place(one.body, f"{one.name}.")
    along = [one for one in theirs.tree.body if id(one) in needed]
    split = max((at for at, one in enumerate(body, 1) if isinstance(one, ast.Import | ast.ImportFrom)), default=0)
    future = [
        one for one in (*body[:split], *imports) if isinstance(one, ast.ImportFrom) and one.module == "__future__"
    ]
    first = [one for one in (*body[:split], *imports) if one not in future]
    return ast.unparse(ast.Module([*future, *first, *along, *body[split:]], []))


# ---------------------------------------------------------------- trying


class Kept(replayer.Replayer):
    """A replayer that leaves its process to the next version of the same step, as `course watch` does."""

    idle = Ready()

    def __init__(self, setup: Setup, content: Content, step: Step, _kept: Ready | None = None) -> None:
        super().__init__(setup, content, step, self.idle)

    def close(self) -> None:
        self.hand_back()


def largest(names: list[str], works: Callable[[list[str]], bool], chosen: list[str] | None = None) -> list[str]:
    """As many of the names as work together, found by trying halves."""
    chosen = chosen or []
    if not names or works([*chosen, *names]):
        return [*chosen, *names]
    if len(names) == 1:
        return chosen
    half = len(names) // 2
    return largest(names[half:], works, largest(names[:half], works, chosen))


@dataclass(slots=True)
class Bench:
    """One step: its reference, and processes that serve one version after another."""

    content: Content
    curriculum: Curriculum
    step: Step
    spare: Spare

    def verdict(self, source: str, **how: object) -> Verdict:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{self.step.file.rsplit('/', 1)[-1]}.py"
            file.write_text(source, encoding="utf-8")
            modules = reference_modules(self.content, {self.step.module: file})
            submission = Submission(modules, trusted=True, spare=self.spare)
            return grade(self.content, self.step, submission, seed=1, shrink=False, **how)  # type: ignore[arg-type]

    def is_right(self, source: str, *, thoroughly: bool = False) -> bool:
        most = None if thoroughly else TRIED
        return self.verdict(source, most_examples=most, stop_at_first=True, diagnose=False).passed

    def styles(self) -> tuple[str, ...]:
        """What may be rewritten in this step: what leaves the reference right."""
        reference = self.content.read(self.content.reference(self.step.file))
        return tuple(largest(list(STYLES), lambda styles: self.is_right(rewritten(reference, tuple(styles)))))

    def exchangeable(self, other: str) -> list[str]:
        """The functions of another right solution that work beside the reference's."""
        reference = self.content.read(self.content.reference(self.step.file))
        shared = Parts(ast.parse(reference)).functions().keys() & Parts(ast.parse(other)).functions().keys()
        return largest(sorted(shared), lambda names: self.is_right(taken_over(reference, other, names)))


@dataclass(frozen=True, slots=True)
class Styled:
    """A mistake in another style: how much of the file is not the reference's, and what came of it."""

    step: str
    name: str
    style: str
    outcome: str
    said: tuple[str, ...] = ()
    source: str = ""


def untouched(reference: str, mistaken: str, free: list[str]) -> list[str]:
    """Those functions that a mistake neither changes nor reaches: one that calls what is wrong is wrong with it."""
    before, after = Parts(ast.parse(reference)), Parts(ast.parse(mistaken))
    ours, theirs = before.functions() | before.names(), after.functions() | after.names()
    reached = {
        name
        for name in ours.keys() | theirs.keys()
        if name not in ours or name not in theirs or ast.dump(ours[name]) != ast.dump(theirs[name])
    }
    # A class is reached through what is changed in it: its other methods are not.
    reached -= {name for name, node in ours.items() if isinstance(node, ast.ClassDef)}
    while True:
        short = {name.rpartition(".")[2] for name in reached} | _unnamed(reached)
        more = {
            name
            for name, node in ours.items()
            if not isinstance(node, ast.ClassDef) and name not in reached and _mentioned(node) & short
        }
        if not more:
            return [name for name in free if name not in reached and name in theirs]
        reached |= more


def _unnamed(reached: set[str]) -> set[str]:
    """Classes with a method among these that Python calls without its name (`__missing__`): by theirs it is reached."""
    methods = [name.rpartition(".") for name in reached]
    return {owner for owner, _, name in methods if owner and name.startswith("__") and name not in CALLED}


# What operators and built-in functions call without a name.
OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.Pow: "pow", ast.MatMult: "matmul",
    ast.USub: "neg",
}  # fmt: skip
CALLED = {"__init__", *(f"__{side}{name}__" for name in OPERATORS.values() for side in ("", "r"))}


def _mentioned(node: ast.AST) -> set[str]:
    found = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            found |= {one.id, *(("__init__",) if one.id[:1].isupper() else ())}
        elif isinstance(one, ast.Attribute):
            found.add(one.attr)
        elif type(one) in OPERATORS:
            found |= {f"__{OPERATORS[type(one)]}__", f"__r{OPERATORS[type(one)]}__"}
    return found


@contextlib.contextmanager
def kept_processes() -> Iterator[Spare]:
    usual = replayer.Replayer
    replayer.Replayer = Kept  # type: ignore[misc]
    spare = Spare()
    try:
        yield spare
    finally:
        replayer.Replayer = usual  # type: ignore[misc]
        spare.close()
        Kept.idle.close()


def run(
    content: Content,
    curriculum: Curriculum,
    step: Step,
    *,
    every: int = 1,
    first: int = 0,
    tell: Callable[[Styled], None] = lambda _: None,
) -> list[Styled]:
    """Try every mistake of a step (or each `every`-th) beside each of the other right solutions in turn."""
    found = []
    with kept_processes() as spare:
        bench = Bench(content, curriculum, step, spare)
        styles = bench.styles()
        rights = [content.read(path) for path in content.rights(step.file)]
        free = [bench.exchangeable(other) for other in rights]
        reference = content.read(content.reference(step.file))
        for place, mistake in enumerate(load_mistakes(content.mistakes(step.key))[first::every]):
            turn = place % len(rights)
            mistaken = mistake.source(content, step)
            same = untouched(reference, mistaken, free[turn])
            result = None
            for functions in (same, []):
                wrong, right = (
                    rewritten(taken_over(one, rights[turn], functions), styles) for one in (mistaken, reference)
                )
                name = content.rights(step.file)[turn].stem
                result = _tried(bench, mistake, wrong, f"{name} ({len(functions)} of {len(free[turn])})")
                # What is right must still be right in this style: else the mistake is not all that is wrong.
                if result.outcome == "named" or bench.is_right(right, thoroughly=True):
                    break
                result = dataclasses.replace(result, outcome="void")
            assert result is not None
            found.append(result)
            tell(result)
    return found


def itself(content: Content, curriculum: Curriculum, step: Step, *, every: int = 1, first: int = 0) -> Iterator[Styled]:
    """Try every mistake of a step (or each `every`-th) as it is."""
    with kept_processes() as spare:
        bench = Bench(content, curriculum, step, spare)
        for mistake in load_mistakes(content.mistakes(step.key))[first::every]:
            yield _tried(bench, mistake, mistake.source(content, step), "as it is")


def _tried(bench: Bench, mistake: Mistake, source: str, style: str) -> Styled:
    wrong = corpus.Wrong(bench.step.key, 0, (mistake.name,), source)
    for how in ({"most_examples": EXAMPLES}, {}):
        verdict = bench.verdict(source, **how)
        outcome = corpus.judged(bench.content, bench.curriculum, wrong, verdict.diagnosis)
        if verdict.passed:
            outcome = "passed"
        if outcome == "named":
            break
        bench.spare.close()  # once more, with all examples and in a process of its own
    said = verdict.diagnosis.mistakes if verdict.diagnosis else ()
    return Styled(bench.step.key, mistake.name, style, outcome, said, source)
