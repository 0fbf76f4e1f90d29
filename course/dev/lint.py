"""What can be said about a step's files without running the grader on wrong code."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from course.code import imported
from course.content import Content
from course.curriculum import Curriculum, Step
from course.errors import CourseError
from course.grading import probes
from course.grading.mistakes import load_freedoms, load_mistakes
from course.solution import functions_of

LESSON_WORDS = (600, 1400)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def lint(curriculum: Curriculum, step: Step) -> list[str]:
    """Return every fault found in the step's files, in plain words; empty when there is none."""
    content = curriculum.content
    if missing := [f"{path} is missing" for path in _files(content, step) if not path.is_file()]:
        return missing
    if broken := [fault for path in _sources(content, step) for fault in _no_python(path)]:
        return broken
    checks = (_mistakes, _freedoms, _prompt, _lesson, _stub, _rights, _draws)
    return [fault for check in checks for fault in check(curriculum, step)]


def _files(content: Content, step: Step) -> list[Path]:
    return [
        content.lesson(step.key),
        content.stub(step.file),
        content.test_file(step.key),
        content.reference(step.file),
        content.mistakes(step.key),
        content.prompt(step.key),
    ]


def _sources(content: Content, step: Step) -> list[Path]:
    own = [content.probes(step.key)] if content.probes(step.key).is_file() else []
    rights = content.rights(step.file)
    return [content.stub(step.file), content.reference(step.file), *rights, content.test_file(step.key), *own]


def _no_python(path: Path) -> Iterator[str]:
    try:
        ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        yield f"{path}:{error.lineno}: this is no Python ({error.msg})"
    except ValueError as error:
        yield f"{path}: this is no Python ({error})"


def _mistakes(curriculum: Curriculum, step: Step) -> Iterator[str]:
    try:
        mistakes = load_mistakes(curriculum.content.mistakes(step.key))
        for mistake in mistakes:
            if mistake.source(curriculum.content, step) == curriculum.content.reference(step.file).read_text(
                encoding="utf-8"
            ):
                yield f"the mistake {mistake.name!r} changes nothing"
    except CourseError as error:
        yield error.message
        return
    if not mistakes:
        yield "mistakes.toml lists no mistake: nothing proves the grader"
    classes = {mistake.name for mistake in mistakes if not mistake.same_as}
    for mistake in mistakes:
        if mistake.same_as and mistake.same_as not in classes:
            yield f"the mistake {mistake.name!r} is said to be {mistake.same_as!r}, which names no class of mistakes"


def _freedoms(curriculum: Curriculum, step: Step) -> Iterator[str]:
    """A freedom that names nothing sets nothing free: then right styles are told from the mistakes they are."""
    content = curriculum.content
    try:
        freedoms = load_freedoms(content.freedoms(step.key))
    except CourseError as error:
        yield error.message
        return
    properties = _functions(content.test_file(step.key))
    for name in sorted({*freedoms.choice, *freedoms.rtol, *freedoms.errors} - properties):
        yield f"freedoms.toml names {name}, which is no property of the grader"
    sources = [path for path in (content.probes(step.key), Path(probes.__file__)) if path.is_file()]
    known, words = set().union(*map(_functions, sources)), set().union(*map(_words, sources))
    for where in (*freedoms.aside, *freedoms.any_order):
        probe, _, entry = where.partition(".")
        if probe not in known:
            yield f"freedoms.toml names {where}, but no probe is called {probe!r}"
        elif not entry or entry not in words:
            yield f"freedoms.toml names {where}, but {entry!r} is no entry of what the probes bring back"


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def _words(path: Path) -> set[str]:
    """Every string and keyword of a source: the entry of a dict is one of them."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return strings | {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}


def _prompt(curriculum: Curriculum, step: Step) -> Iterator[str]:
    path = curriculum.content.prompt(step.key)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        yield f"{path.name} (mentor_prompts) cannot be read: {error}"
        return
    if len(data.get("openers", ())) < 3:
        yield "the prompt file has fewer than three openers"
    if not 4 <= len(data.get("facts", ())) <= 8:
        yield "the prompt file has not four to eight facts"
    for fact in data.get("facts", ()):
        try:
            ast.parse(fact["value"], mode="eval")
        except (SyntaxError, KeyError):
            yield f"the fact {fact.get('says')!r} has no `value` that is an expression"


def _lesson(curriculum: Curriculum, step: Step) -> Iterator[str]:
    path = curriculum.content.lesson(step.key)
    text = path.read_text(encoding="utf-8")
    words = len(_FENCE.sub("", text).split())
    if not LESSON_WORDS[0] <= words <= LESSON_WORDS[1]:
        yield f"the lesson has {words} words; {LESSON_WORDS[0]} to {LESSON_WORDS[1]} fit an evening"
    if not text.startswith("# "):
        yield "the lesson does not begin with its title"
    if "Predict before you run" not in text:
        yield "the lesson has no *predict before you run*"
    for target in _LINK.findall(_FENCE.sub("", text)):
        if (
            not target.startswith(("http://", "https://", "#"))
            and not (path.parent / target.partition("#")[0]).exists()
        ):
            yield f"the lesson links to {target}, which is not there"


def fences(text: str) -> tuple[str, str]:
    """The lesson's Python: its `>>>` examples, and its plain fences joined into one program."""
    blocks = [body for language, body in _FENCE.findall(text) if language == "python"]
    return "\n".join(b for b in blocks if ">>>" in b), "\n".join(b for b in blocks if ">>>" not in b)


def docstring_examples(source: str) -> str:
    """Every docstring of a stub that carries an example, one after the other."""
    tree = ast.parse(source)
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.Module)]
    return "\n\n".join(text for node in nodes if ">>>" in (text := ast.get_docstring(node) or ""))


def _stub(curriculum: Curriculum, step: Step) -> Iterator[str]:
    source = curriculum.content.stub(step.file).read_text(encoding="utf-8")
    places = list(curriculum)
    own = places.index(curriculum.sharing(step)[0])
    later = {other.module: other.number for other in places[own + 1 :] if other.module != step.module}
    for name in imported(source, step.module) & set(later):
        yield f"the stub imports {name}, which only step {later[name]} writes"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"the stub's {node.name} has no docstring"
    yield from _defines(curriculum, step, source)
    if ">>>" not in source:
        yield "the stub has no example (>>>) in its docstrings"


def _defines(curriculum: Curriculum, step: Step, stub: str) -> Iterator[str]:
    """What a later step of a file asks for is hidden in the earlier one's solution: it must be named, and be there.

    A name with an underscore is that of a helper, to which what an earlier step asks for leads: the stub has none.
    """
    if step is not curriculum.sharing(step)[0] and not step.defines:
        yield f"`defines` in course.toml must name the functions of {step.path} that this step asks for"
    reference = curriculum.content.reference(step.file).read_text(encoding="utf-8")
    for name in step.defines:
        for where, source in (("stub", stub), ("reference", reference)):
            helper = name.rpartition(".")[2].startswith("_") and not name.endswith("__")
            if not (helper and where == "stub") and name not in dict(functions_of(source)):
                yield f"`defines` in course.toml names {name}, which is no function of the {where}"


def _rights(curriculum: Curriculum, step: Step) -> Iterator[str]:
    if not curriculum.content.rights(step.file):
        yield "there is no second right implementation (right_*.py): nothing shows that other styles pass"


OWN_GENERATORS = ("random.Random", "np.random.default_rng")


def _draws(curriculum: Curriculum, step: Step) -> Iterator[str]:
    """Random numbers that nothing seeds would make the same code pass one day and fail the next."""
    file = curriculum.content.test_file(step.key)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called == "example":
            yield from (
                f"{file.name}:{one.lineno}: an @example hands the same generator to each run in turn; give it the seed"
                for one in node.args
                if isinstance(one, ast.Call) and ast.unparse(one.func) in OWN_GENERATORS
            )
        own = called in OWN_GENERATORS
        if called.startswith(("random.", "np.random.")) and not (own and node.args):
            yield f"{file.name}:{node.lineno}: {called}() draws what no seed decides; take strategies.rngs()"
