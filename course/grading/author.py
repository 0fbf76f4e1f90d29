"""Run a grader with plain pytest: the `learner` fixture over the reference, or over a file of the author's choice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from course.content import Content
from course.curriculum import Curriculum, Step, load_curriculum
from course.grading.judge import reference_modules
from course.grading.learner import Clock, Learner
from course.grading.process import Setup


def usual_settings() -> None:
    """Make properties run as in the judge: no deadline, which a busy machine misses, and no database."""
    hypothesis.settings.register_profile("grader", deadline=None, database=None, max_examples=20)
    hypothesis.settings.load_profile("grader")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--learner", type=Path, help="grade this file instead of the reference")


@pytest.fixture(scope="module")
def learner(request: pytest.FixtureRequest) -> Iterator[Learner]:
    """The code under test, in a process of its own, for the properties of one grader."""
    folder = Path(request.path).parent
    root = next(parent for parent in folder.parents if (parent / "curriculum" / "course.toml").is_file())
    curriculum = load_curriculum(Content(root))
    step = step_of(curriculum, folder)
    file = request.config.getoption("--learner")
    modules = reference_modules(curriculum.content, {step.module: file.resolve()} if file else None)
    setup = Setup(step.module, modules, step.rules, step.budget, (curriculum.content.probes(step.key),))
    served = Learner(setup, Clock(time.monotonic() + step.budget.step_seconds))
    try:
        if problem := served.load():
            pytest.fail(f"{problem[0].value}: {problem[1].summary}", pytrace=False)
        yield served
    finally:
        served.close()


def step_of(curriculum: Curriculum, folder: Path) -> Step:
    return curriculum[folder.relative_to(curriculum.content.root / "graders").as_posix()]
