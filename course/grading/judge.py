"""Grade one step: run its properties with pytest against a learner process and return the verdict."""

from __future__ import annotations

import contextlib
import io
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from course import __version__
from course.code import closure, fingerprint, raw_digest, read_source
from course.content import Content
from course.curriculum import Step
from course.errors import ContentError
from course.gate import grader_digest
from course.grading.outcomes import Diagnosis, Failure, Outcome, PropertyResult, Verdict, overall
from course.grading.seeds import seed_of
from course.libraries import require_libraries
from course.machine import cores

if TYPE_CHECKING:
    from course.grading.collected import Collected
    from course.grading.evidence import Evidence
    from course.grading.exchange import Exchange
    from course.grading.learner import Learner, Spare
    from course.grading.plugin import JudgePlugin
    from course.grading.process import Setup
    from course.grading.replayer import Place, Replayer
    from course.grading.warm import Warm

# The judge, the learner's code and the replay of a diagnosis are at work at once. On fewer cores nobody waits with open
# eyes: the third would wait for a core until one of the two looks away.
AT_WORK = 3
# Why the code could not be run at all.
Problem = tuple[Outcome, Failure]


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

    @property
    def looks_first(self) -> bool:
        """Whether somebody waits for the first failure; proofs and second opinions need no first look."""
        return self.shrink and not self.only and self.most_examples is None


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
    warm: Warm | None = None,
) -> Verdict:
    """Grade the step's module in this submission.

    Raise `ContentError` when the step has no grader, `LibraryMissing` when a library of the step's is not installed.

    Authors' proofs need no smallest example (`shrink`), only the first failure (`stop_at_first`), and few examples a
    property (`most_examples`); `only` names the properties to run. `warm` is what a judge that stays has ready; with it
    `Cancelled` may come out.
    """
    if not content.test_file(step.key).is_file():
        raise ContentError(
            f"The grader of {step.number} is missing: {content.test_file(step.key)}", hint="course dev check"
        )
    require_libraries(step)
    how = How(shrink, stop_at_first, tuple(only), most_examples, diagnose)
    return _Grading(content, step, submission, seed, warm).run(how)


class _Grading:
    def __init__(
        self, content: Content, step: Step, submission: Submission, seed: int | None, warm: Warm | None = None
    ) -> None:
        self.content, self.step, self.submission, self.warm = content, step, submission, warm
        self.began = time.monotonic()
        paths = submission.code(step)
        self.code, self.raw = fingerprint(paths), raw_digest(paths)
        self.grader = grader_digest(content, step)
        self.seed = seed if seed is not None else seed_of(self.code, self.grader)
        # The order of sets must be settled before the code is known: a process is made ready ahead of it.
        self.set_order = seed if seed is not None else seed_of("", self.grader)

    def run(self, how: How) -> Verdict:
        if problem := self._before_running():
            return self._verdict(problem=problem)
        from course.grading.learner import Clock, Learner  # noqa: PLC0415 - the learner starts before pytest is imported

        clock, spare = Clock(self.began + self.step.budget.step_seconds), self.submission.spare
        source = read_source(self.submission.modules[self.step.module]) if spare else None
        learner = Learner(self._setup(self.submission), clock, source, spare)
        if self.warm:
            self.warm.takes(learner)
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
            seed=self.set_order,
            awake=self.submission.spare is None and (self.warm is None or self.warm.stays),
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
        with self._replaying() as replayer:

            def begin(evidence: Evidence) -> None:
                replayer.start(evidence)
                if replayer.mistakes and cores() < AT_WORK:
                    learner.rest()

            plugin = JudgePlugin(
                learner,
                self.seed,
                examples=examples,
                shrink=how.shrink,
                most_examples=how.most_examples,
                gather=begin if how.diagnose else None,
                witness=self.warm.witness if self.warm else None,
            )
            self._run_properties(plugin, how)
            examples.write()
            diagnosis = self._diagnose(replayer, plugin, learner)
        learner.close()
        results = _complete(plugin, how)
        if not self.submission.trusted:
            results = self._whose_fault(results, plugin)
        return self._verdict(results=results, learner=learner, transcripts=plugin.transcripts, diagnosis=diagnosis)

    def _run_properties(self, plugin: JudgePlugin, how: How) -> None:
        """Run them in the session that stays collected, or collect them for this one time."""

        def run(collected: Collected) -> None:
            collected.perform(plugin, only=how.only, stop_at_first=how.stop_at_first, look=how.looks_first)

        if self.warm:
            run(self.warm.collected)
            plugin.faults = list(self.warm.collected.faults)
            return
        from course.grading.collected import collect  # noqa: PLC0415 - the learner process imports meanwhile

        plugin.faults = collect(self.content.test_file(self.step.key), run).faults

    @contextlib.contextmanager
    def _replaying(self) -> Iterator[Replayer]:
        """What replays the learner's calls on known mistakes; it starts at the first failure, not before."""
        from course.grading.replayer import Replayer  # noqa: PLC0415

        # Nobody waits for each of its answers: it leaves the cores to the judge and the learner's code.
        ours = replace(self._setup(Submission(reference_modules(self.content), trusted=True)), awake=False)
        replayer = Replayer(ours, self.content, self.step, self.warm.replays if self.warm else None)
        if self.warm:
            self.warm.replayer = replayer
        try:
            yield replayer
            if self.warm:
                replayer.hand_back()
        finally:
            replayer.close()

    def _diagnose(self, replayer: Replayer, plugin: JudgePlugin, learner: Learner) -> Diagnosis | None:
        from course.grading.diagnosis import diagnose  # noqa: PLC0415

        if not any(example.failed for example in plugin.evidence.examples) or not replayer.mistakes:
            return None

        def transplant() -> Place:
            return replayer.transplanted(learner, self._source())

        # The property that failed may run again, for an input that tells two mistakes apart.
        with contextlib.redirect_stdout(io.StringIO()):
            return diagnose(replayer, plugin.evidence, transplant if _all_is_told(plugin) else None)

    def _source(self) -> str:
        """The text of the module that was graded; raise `ContentError` if it was saved again meanwhile."""
        if raw_digest(self.submission.code(self.step)) != self.raw:
            raise ContentError("The code changed while it was graded.")
        return read_source(self.submission.modules[self.step.module])

    def _whose_fault(self, results: tuple[PropertyResult, ...], plugin: JudgePlugin) -> tuple[PropertyResult, ...]:
        """A property that stumbles over a learner's value, and holds for the reference, is wrong and not broken."""
        faults = {one.name for one in results if one.outcome is Outcome.GRADER_FAULT}
        stumbled = [name for name, transcript in plugin.transcripts.items() if name in faults and transcript]
        if not stumbled:
            return results
        reference = Submission(reference_modules(self.content), trusted=True)
        ours = _Grading(self.content, self.step, reference, self.seed, self.warm and self.warm.aside()).run(
            How(only=tuple(stumbled))
        )
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


def _all_is_told(plugin: JudgePlugin) -> bool:
    """Whether the evidence holds an example of everything that failed: of what ended the process there is none."""
    told = {example.name for example in plugin.evidence.examples if example.failed}
    silent = {Outcome.PASSED, Outcome.UNFINISHED}
    return all(result.name in told or result.outcome in silent for result in plugin.results)


def _wrong_value(result: PropertyResult, transcript: Sequence[Exchange]) -> PropertyResult:
    from course.grading.check import describe  # noqa: PLC0415
    from course.grading.show import show_exchange  # noqa: PLC0415

    last = transcript[-1]
    summary = f"{last.name} returned {describe(last.reply.get('value'))}, with which nothing can be computed"
    failure = Failure(summary, call=show_exchange(last))
    return PropertyResult(result.name, result.claim, Outcome.WRONG, result.examples, failure)


def versions() -> dict[str, str]:
    found = {"course": __version__, "python": platform.python_version()}
    for name in ("numpy", "hypothesis", "pytest"):
        if module := sys.modules.get(name):
            found[name] = str(module.__version__)
    return found


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
