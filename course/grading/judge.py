"""Grade one step: run its properties with pytest against a learner process and return the verdict."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course import __version__
from course.code import closure, fingerprint, raw_digest, read_source
from course.content import Content
from course.curriculum import Step
from course.errors import ContentError
from course.gate import grader_digest
from course.grading.outcomes import Diagnosis, Failure, Outcome, PropertyResult, Verdict, overall

if TYPE_CHECKING:
    from course.grading.diagnosis import Replayer
    from course.grading.learner import Exchange, Learner, Spare
    from course.grading.plugin import JudgePlugin
    from course.grading.process import Setup

# Why the code could not be run at all.
Problem = tuple[Outcome, Failure]

_INI = Path(__file__).with_name("pytest.ini")


@dataclass(frozen=True, slots=True)
class Submission:
    """What is graded: every module of a `minillm` package, and the folder the examples that failed are kept in."""

    modules: Mapping[str, Path]
    kept: Path | None = None
    # References of our own lie among the graders, which a learner's code may not read.
    trusted: bool = False
    # One of many versions of our own: its text is put into the process that served the one before.
    spare: Spare | None = None

    def code(self, step: Step) -> list[Path]:
        return closure(step.module, self.modules)


@dataclass(frozen=True, slots=True)
class How:
    """How much of a grading is wanted; the default is all of it."""

    shrink: bool = True
    stop_at_first: bool = False
    only: tuple[str, ...] = ()
    most_examples: int | None = None
    diagnose: bool = False


def reference_modules(content: Content, replace: Mapping[str, Path] | None = None) -> dict[str, Path]:
    """The package made of references, with some modules replaced: what an author grades a file against."""
    return content.references() | dict(replace or {})


def grade(
    content: Content,
    step: Step,
    submission: Submission,
    *,
    seed: int | None = None,
    shrink: bool = True,
    stop_at_first: bool = False,
    only: Sequence[str] = (),
    most_examples: int | None = None,
    diagnose: bool = True,
) -> Verdict:
    """Grade the step's module in this submission. Raise `ContentError` when the step has no grader.

    Authors' proofs need no smallest example (`shrink`), only the first failure (`stop_at_first`), and few examples a
    property (`most_examples`); `only` names the properties to run.
    """
    if not content.test_file(step.key).is_file():
        raise ContentError(
            f"The grader of {step.number} is missing: {content.test_file(step.key)}", hint="course dev check"
        )
    how = How(shrink, stop_at_first, tuple(only), most_examples, diagnose)
    return _Grading(content, step, submission, seed).run(how)


class _Grading:
    def __init__(self, content: Content, step: Step, submission: Submission, seed: int | None) -> None:
        self.content, self.step, self.submission = content, step, submission
        self.began = time.monotonic()
        paths = submission.code(step)
        self.code, self.raw = fingerprint(paths), raw_digest(paths)
        self.grader = grader_digest(content, step)
        self.seed = seed if seed is not None else seed_of(self.code, self.grader)

    def run(self, how: How) -> Verdict:
        if problem := self._before_running():
            return self._verdict(problem=problem)
        from course.grading.learner import Clock, Learner  # noqa: PLC0415 - the learner starts before pytest is imported

        clock, spare = Clock(self.began + self.step.budget.step_seconds), self.submission.spare
        source = read_source(self.submission.modules[self.step.module]) if spare else None
        learner = Learner(self._setup(self.submission), clock, source, spare)
        try:
            learner.start()
            return self._properties(learner, how)
        finally:
            learner.close()

    def _setup(self, submission: Submission) -> Setup:
        from course.grading.process import Setup  # noqa: PLC0415

        return Setup(
            module=self.step.module,
            modules=submission.modules,
            rules=self.step.rules,
            budget=self.step.budget,
            probes=(self.content.probes(self.step.key),),
            hidden=() if submission.trusted else (self.content.root / "graders",),
            seed=self.seed,
        )

    def _before_running(self) -> Problem | None:
        """What is wrong with the files themselves: missing, or using what the step does not allow."""
        file = self.submission.modules.get(self.step.module)
        if file is None:
            hint = f"course reset {self.step.number}   puts the stub there (a renamed file can be renamed back)"
            return Outcome.ERROR, Failure(f"{self.step.path} is not there", detail=(hint,))
        from course.grading.rules import breach  # noqa: PLC0415

        found = breach(read_source(file), self.step.rules, self.step.path)
        return (Outcome.FORBIDDEN, found) if found else None

    def _properties(self, learner: Learner, how: How) -> Verdict:
        from course.grading.examples import RememberedExamples  # noqa: PLC0415
        from course.grading.plugin import JudgePlugin  # noqa: PLC0415

        kept = self.submission.kept / f"{self.step.key.replace('/', '.')}.json" if self.submission.kept else None
        examples = RememberedExamples(kept, self.code)
        if problem := learner.load():
            learner.close()
            return self._verdict(problem=problem, learner=learner)
        with contextlib.closing(self._replayer()) as replayer:
            gather = replayer.start if how.diagnose else None
            plugin = JudgePlugin(
                learner,
                self.seed,
                examples=examples,
                shrink=how.shrink,
                most_examples=how.most_examples,
                gather=gather,
            )
            _run_pytest(self.content.test_file(self.step.key), plugin, how)
            examples.write()
            diagnosis = self._diagnose(replayer, plugin)
        learner.close()
        results = _complete(plugin, how)
        if not self.submission.trusted:
            results = self._whose_fault(results, plugin)
        return self._verdict(results=results, learner=learner, transcripts=plugin.transcripts, diagnosis=diagnosis)

    def _replayer(self) -> Replayer:
        """What replays the learner's calls on known mistakes; it starts at the first failure, not before."""
        from course.grading.diagnosis import Replayer  # noqa: PLC0415

        ours = self._setup(Submission(reference_modules(self.content), trusted=True))
        return Replayer(ours, self.content, self.step)

    def _diagnose(self, replayer: Replayer, plugin: JudgePlugin) -> Diagnosis | None:
        from course.grading.diagnosis import diagnose  # noqa: PLC0415

        if not any(example.failed for example in plugin.evidence.examples) or not replayer.mistakes:
            return None
        # The property that failed may run again, for an input that tells two mistakes apart.
        with contextlib.redirect_stdout(io.StringIO()):
            return diagnose(replayer, plugin.evidence)

    def _whose_fault(self, results: tuple[PropertyResult, ...], plugin: JudgePlugin) -> tuple[PropertyResult, ...]:
        """A property that stumbles over a learner's value, and holds for the reference, is wrong and not broken."""
        faults = {one.name for one in results if one.outcome is Outcome.GRADER_FAULT}
        stumbled = [name for name, transcript in plugin.transcripts.items() if name in faults and transcript]
        if not stumbled:
            return results
        reference = Submission(reference_modules(self.content), trusted=True)
        ours = grade(self.content, self.step, reference, seed=self.seed, only=stumbled, diagnose=False)
        sound = {one.name for one in ours.properties if one.outcome is Outcome.PASSED}
        return tuple(_wrong_value(one, plugin.transcripts[one.name]) if one.name in sound else one for one in results)

    def _verdict(
        self,
        *,
        problem: Problem | None = None,
        results: tuple[PropertyResult, ...] = (),
        learner: Learner | None = None,
        transcripts: dict[str, list[Exchange]] | None = None,
        diagnosis: Diagnosis | None = None,
    ) -> Verdict:
        return Verdict(
            step=self.step.key,
            outcome=problem[0] if problem else overall([result.outcome for result in results]),
            properties=results,
            seed=self.seed,
            seconds=round(time.monotonic() - self.began, 3),
            code=self.code,
            raw=self.raw,
            grader=self.grader,
            problem=problem[1] if problem else None,
            printed=learner.printed if learner else "",
            protections=learner.protections if learner else {},
            versions=versions(),
            transcripts=transcripts or {},
            diagnosis=diagnosis,
        )


def _wrong_value(result: PropertyResult, transcript: Sequence[Exchange]) -> PropertyResult:
    from course.grading.check import describe  # noqa: PLC0415
    from course.grading.show import show_exchange  # noqa: PLC0415

    last = transcript[-1]
    summary = f"{last.name} returned {describe(last.reply.get('value'))}, with which nothing can be computed"
    failure = Failure(summary, call=show_exchange(last))
    return PropertyResult(result.name, result.claim, Outcome.WRONG, result.examples, failure)


def seed_of(code: str, grader: str) -> int:
    """The same code before the same grader meets the same examples; changed code meets new ones."""
    return int.from_bytes(hashlib.sha256(f"{code} {grader}".encode()).digest()[:4], "big")


def versions() -> dict[str, str]:
    found = {"course": __version__, "python": platform.python_version()}
    for name in ("numpy", "hypothesis", "pytest"):
        if module := sys.modules.get(name):
            found[name] = str(module.__version__)
    return found


def _run_pytest(test_file: Path, plugin: JudgePlugin, how: How) -> None:
    import pytest  # noqa: PLC0415 - imported while the learner process imports on the other core

    # Relative names: pytest reads "[" and "::" in the path of the grader's folder as parts of a property's name.
    chosen = [f"{test_file.name}::{name}" for name in how.only] or [test_file.name]
    arguments = [
        *chosen, "-c", str(_INI), "--rootdir", str(test_file.parent), "--import-mode=importlib", "--noconftest",
        "--assert=plain", *(["-x"] if how.stop_at_first else []),
        *(part for name in _UNUSED for part in ("-p", f"no:{name}")),
    ]  # fmt: skip
    # pytest would take the grader of another step with the same last name for this one.
    sys.modules.pop(test_file.stem, None)
    said = io.StringIO()
    with (
        _environment(),
        contextlib.chdir(test_file.parent),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        code = int(pytest.main(arguments, plugins=[plugin]))
    if plugin.interrupted:  # pytest takes Ctrl-C for the end of its own run
        raise KeyboardInterrupt
    if code not in (0, 1, _COLLECTED_NOTHING):
        plugin.faults.append(f"pytest ended with {code}: {said.getvalue().strip()}")


_COLLECTED_NOTHING = 5
_UNUSED = (
    "cacheprovider", "terminal", "faulthandler", "logging", "capture", "doctest", "junitxml", "pastebin", "setuponly",
    "setupplan", "stepwise", "nose", "unraisableexception", "threadexception", "warnings", "legacypath", "tmpdir",
)  # fmt: skip


@contextlib.contextmanager
def _environment() -> Any:
    """Keep pytest from loading whatever plugins the machine has, or options from the shell."""
    before = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    before["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _complete(plugin: JudgePlugin, how: How) -> tuple[PropertyResult, ...]:
    """A property that was collected and did not run, or a grader that collects none, is a fault, never a pass."""
    results = list(plugin.results)
    ran = {result.name for result in results}
    if not how.stop_at_first or all(result.outcome is Outcome.PASSED for result in results):
        for name in plugin.collected:
            if name not in ran:
                fault = Failure("the property did not run")
                results.append(PropertyResult(name, name, Outcome.GRADER_FAULT, 0, fault))
    if plugin.faults or not plugin.collected:
        words = "; ".join(plugin.faults)[-1500:] or "it collects no property"
        results.append(PropertyResult("grader", "the grader can be read", Outcome.GRADER_FAULT, 0, Failure(words)))
    return tuple(results)
