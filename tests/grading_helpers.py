"""What the judge's tests share: a course of one step, a text as a submission, and what may not be left behind."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import psutil

from course.content import Content
from course.curriculum import Budget, Rules, Step, load_curriculum
from course.grading.judge import Submission, grade
from course.grading.outcomes import PropertyResult, Verdict

QUICK = Budget(call_seconds=5.0, step_seconds=30.0, memory=512 << 20)

DOUBLE = """
def double(x):
    return 2 * x
"""
GRADER = """
from hypothesis import given, settings
from hypothesis import strategies as st
from course.grading import check

@settings(max_examples=5)
@given(st.integers(3, 1000))
def test_double(learner, x):
    '''double(x) is 2·x.'''
    check.equal(learner.double(x), 2 * x, what="double")

def test_zero(learner):
    '''Twice nothing is nothing.'''
    check.equal(learner.double(0), 0, what="double")
"""

# Source for a learner's file: it writes frames of its own to whatever descriptor the judge may read.
FORGE = """
import os, struct
def text(value):
    return struct.pack("<I", len(value.encode())) + value.encode()
def encode(value):
    if value is None: return b"N"
    if type(value) is int: return b"i" + struct.pack("<q", value)
    if type(value) is str: return b"s" + text(value)
    if type(value) in (tuple, list):
        tag = b"t" if type(value) is tuple else b"l"
        return tag + struct.pack("<I", len(value)) + b"".join(map(encode, value))
    return b"d" + struct.pack("<I", len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
def send(*frames, head=b""):
    for frame in frames:
        data = frame if isinstance(frame, bytes) else encode(frame)
        for number in range(3, 20):
            try:
                os.write(number, head + struct.pack("<I", len(data)) + data)
            except OSError:
                pass
"""


def small_course(
    root: Path,
    grader: str = GRADER,
    *,
    reference: str = DOUBLE,
    probes: str = "",
    imports: Sequence[str] = ("stdlib",),
    forbid: Sequence[str] = (),
) -> tuple[Content, Step]:
    """A course with the one step `tiny/step`, written from these texts; a large budget that no test should need."""
    folder = root / "graders" / "tiny" / "step"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test_step.py").write_text(dedent(grader), encoding="utf-8")
    (folder / "reference.py").write_text(dedent(reference), encoding="utf-8")
    if probes:
        (folder / "probes.py").write_text(dedent(probes), encoding="utf-8")
    rules = Rules("R", tuple(imports), tuple(forbid), words="the rules of the test")
    step = Step("tiny/step", "T.1", "A step", 5, rules, QUICK, "tiny/step")
    return Content(root), step


def one_mistake(name: str, find: str, replace: str) -> str:
    """A mistakes.toml with one mistake, an edit of the reference."""
    words = 'belief = "It works."\nhints = ["What is asked?", "Try it.", "You believe that it works."]'
    return f'[[mistake]]\nname = "{name}"\n{words}\nfind = "{find}"\nreplace = "{replace}"\n'


def fake_step(content: Content, key: str, **budget: float) -> Step:
    """A step of the tiny course with a small budget."""
    return dataclasses.replace(load_curriculum(content)[key], budget=dataclasses.replace(QUICK, **budget))  # type: ignore[arg-type]


def submit(
    course: tuple[Content, Step],
    source: str | bytes,
    folder: Path,
    *,
    seed: int | None = None,
    kept: Path | None = None,
) -> Verdict:
    """Grade a text as the learner's file of this step."""
    content, step = course
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{step.file.rsplit('/', 1)[-1]}.py"
    file.write_bytes(source if isinstance(source, bytes) else dedent(source).encode("utf-8", "surrogatepass"))
    return grade(content, step, Submission({step.module: file}, kept), seed=seed)


def said(verdict: Verdict) -> str:
    """Everything that the learner is told about what failed first."""
    first = verdict.first_failure
    failure = verdict.problem or (first.failure if first else None)
    return "\n".join([failure.summary, *failure.detail, failure.call, *failure.where]) if failure else ""


def brief(value: object) -> str:
    """A parameter as the name of its test."""
    try:
        return repr(value)[:20]
    except ValueError:  # an int too long to write
        return "huge"


def named(verdict: Verdict, name: str) -> PropertyResult:
    return next(result for result in verdict.properties if result.name == name)


@contextmanager
def nothing_left(folder: Path) -> Iterator[None]:
    """Insist that no process and no scratch folder remains; scratch folders are made below `folder` meanwhile."""
    folder.mkdir(exist_ok=True)
    before, usual = set(psutil.Process().children(recursive=True)), tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = usual
    assert set(psutil.Process().children(recursive=True)) <= before
    assert not list(folder.iterdir())
