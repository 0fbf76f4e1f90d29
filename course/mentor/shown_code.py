"""Fenced Python that defines a function of the step: graded as if it were the learner's, and said what it is worth."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

from course.grading.judge import Submission, grade
from course.grading.outcomes import Outcome, PropertyResult, Verdict
from course.grading.scratch import scratch_folder
from course.mentor.claims import Claim, Kind, Result
from course.mentor.graft import NoCode, defined, definition, graft, is_sketch, read, same
from course.mentor.reply import Block, any_word
from course.mentor.workbench import Workbench

MOST = 4
SEED = 20_240_229
_LANGUAGES = ("", "python", "py", "python3", "numpy", "code", "pycon")
# Code that is shown as something else than an answer: the learner's own, a wrong version, an idea to think about.
_NO_ANSWER = any_word(
    r"""
    wrong | incorrect | mistake | mistakes | mistaken | buggy | bug | bugs | naive | naively | bad | broken |
    fails? | avoid | don't | do not | never | instead of | overflow\w* | unstable | slow | simplified | simplest |
    simple | toy | scalar | sketch | skeleton | template | pseudo | pseudocode | outline | imagine | suppose |
    what if | if you | would | could | not this | unlike | compare | your (?:current )?code | you wrote |
    your version | yours | you have | currently | for example | illustrat\w* | analog\w* | similar | falsch | naiv |
    faux
    """,
    also=r"\?\s*$",
)


_MISFIT = re.compile(r"^(?:NameError|ImportError|AttributeError)\b")


def shown_code(bench: Workbench, blocks: Sequence[Block], submission: Submission) -> list[Claim]:
    """Grade every block that defines something of the step, at most four."""
    claims: list[Claim] = []
    for block in blocks:
        if block.language not in _LANGUAGES or ">>>" in block.text:
            continue
        try:
            claim = _claim(bench, block, submission, graded=len(claims) < MOST)
        except NoCode as error:
            claim = _undecided(_head(block.text), str(error)) if "def " in block.text else None
        if claim is not None:
            claims.append(claim)
    return claims


def _undecided(said: str, why: str) -> Claim:
    return Claim(Kind.CODE, Result.NOT_VERIFIED, said, why)


def _head(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip().startswith(("def ", "class "))), "code")[
        :120
    ]


def _claim(bench: Workbench, block: Block, submission: Submission, *, graded: bool) -> Claim | None:
    content, step = bench.content, bench.step
    tree, stub = read(block.text), content.read(content.stub(step.file))
    names = defined(tree, stub)
    if not names:
        return None
    file = submission.modules.get(step.module)
    own = file.read_text(encoding="utf-8", errors="replace") if file is not None else stub
    said = ", ".join(f"{name}()" for name in names)
    if any(is_sketch(node) for node in names.values()):
        return _undecided(said, "a sketch with holes is not graded")
    if all((mine := definition(own, name)) is not None and same(mine, node) for name, node in names.items()):
        return _undecided(said, "it is your own code")
    comments = " ".join(re.findall(r"#[^\n]{1,200}", block.text))
    if (
        _NO_ANSWER.search(block.before[-400:])
        or _NO_ANSWER.search(comments)
        or _speaks_ill(block.after.partition(".")[0][:200])
    ):
        return _undecided(said, "the words around it may say that it is not meant as the answer")
    if not graded:
        return _undecided(said, f"only the first {MOST} blocks are graded")
    made = graft(block.text, tree, names, own, stub)
    with scratch_folder() as folder:
        file = folder / f"{step.file.rpartition('/')[2]}.py"
        file.write_text(made.source, encoding="utf-8")
        trial = Submission({**submission.modules, step.module: file})
        verdict = grade(content, step, trial, seed=SEED, diagnose=False, shrink=False)
        claim, blamed = _worth(bench, verdict, list(names.values()), set(names), said, own)
        if blamed:  # the smallest input, for this one only
            shrunk = grade(content, step, trial, seed=SEED, diagnose=False, only=[blamed])
            claim = replace(claim, note=_evidence(shrunk.first_failure))
    return claim


def _speaks_ill(after: str) -> bool:
    return bool(
        re.search(r"\b(?:which|this|that|it) (?:overflows|fails|is wrong|breaks|is not)\b", after, re.IGNORECASE)
    )


def _worth(
    bench: Workbench, verdict: Verdict, code: list[ast.stmt], names: set[str], said: str, own: str
) -> tuple[Claim, str]:
    """What the code is worth, and the name of the property that shows it best, if it is wrong."""
    total, last = len(verdict.properties), bench.last
    if verdict.passed:
        again = last is not None and last.outcome is Outcome.PASSED
        return Claim(
            Kind.CODE, Result.CONFIRMED if again else Result.SOLUTION, said, f"passes all {total} properties"
        ), ""
    if verdict.outcome is Outcome.GRADER_FAULT:
        return _undecided(said, "it could not be graded"), ""
    if verdict.problem is not None and _MISFIT.search(verdict.problem.summary):
        return _undecided(said, "it uses names that your file does not have"), ""
    if verdict.problem is not None:
        why = f"cannot be run here: {verdict.problem.summary}"
        return Claim(Kind.CODE, Result.REFUTED, said, why, verdict.problem.where), ""
    failing = [one for one in verdict.properties if one.outcome is not Outcome.PASSED]
    held = {one.name for one in last.properties if one.outcome is Outcome.PASSED} if last else set()
    alone = _stands_alone(code, names, own)
    blamed = [
        one
        for one in failing
        if one.name in held
        or bench.only_wrong_in(names)
        or (alone and _calls_only(verdict, one, names, bench.functions))
    ]
    if blamed and all(one.failure is not None and _MISFIT.search(one.failure.summary) for one in blamed):
        return _undecided(said, "it uses names that your file does not have"), ""
    if blamed:
        first = blamed[0]
        truth = f"fails {len(blamed)} of {total}: {first.claim}"
        return Claim(Kind.CODE, Result.REFUTED, said, truth), first.name
    more = total - len(failing) - len(held)
    if last is not None and more > 0:
        return Claim(Kind.CODE, Result.SOLUTION, said, f"makes {more} more of the {total} properties hold"), ""
    return _undecided(
        said, f"{len(failing)} of {total} properties fail with it, perhaps because of other functions"
    ), ""


def _stands_alone(code: list[ast.stmt], names: set[str], own: str) -> bool:
    """Whether this code uses nothing else that the learner's file defines."""
    top = {getattr(node, "name", "") for node in ast.parse(own).body} - names
    used = {node.id for one in code for node in ast.walk(one) if isinstance(node, ast.Name)}
    return not any("." in name for name in names) and not used & top


def _calls_only(verdict: Verdict, result: PropertyResult, names: set[str], functions: Sequence[str]) -> bool:
    """Whether the failing example called nothing of the learner's but these functions."""
    called: set[str] = set()
    for exchange in verdict.transcripts.get(result.name, []):
        mentioned = {exchange.name, *(one for one in exchange.args if isinstance(one, str))} & set(functions)
        if not mentioned:
            return False  # a probe of the grader's own: what it calls is not known
        called |= mentioned
    return bool(called) and called <= names


def _evidence(result: PropertyResult | None) -> tuple[str, ...]:
    failure = result.failure if result else None
    if failure is None:
        return ()
    call = failure.call if len(failure.call) <= 300 else failure.call[:299] + "…"
    lines = (f"for {call}" if call else "", failure.summary, *failure.detail[:2])
    return tuple(line for line in lines if line)
