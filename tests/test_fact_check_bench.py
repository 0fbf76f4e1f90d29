"""The bench of mentor replies (tests/bench/mentor): what mentors get wrong is flagged, what is true never is."""

from __future__ import annotations

import shutil
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import new_workspace

from course.content import find_content
from course.curriculum import Curriculum, load_curriculum
from course.grading.judge import Submission, grade
from course.grading.last import keep_last, read_last
from course.grading.mistakes import load_mistakes
from course.mentor.claims import Claim, Result
from course.mentor.fact_check import Report, fact_check
from course.mentor.workbench import Workbench

BENCH = Path(__file__).parent / "bench" / "mentor"
LEAST_FLAGGED = 0.85


def read(name: str) -> Any:
    return tomllib.loads((BENCH / f"{name}.toml").read_text(encoding="utf-8"))


@dataclass
class States:
    """A workspace for each state a reply was said in, graded once, with its two processes kept for the next reply."""

    root: Path
    curriculum: Curriculum
    made: dict[str, tuple[Workbench, Submission]] = field(default_factory=dict)

    def check(self, reply: dict[str, Any]) -> Report:
        bench, submission = self.made.get(reply["state"]) or self._make(reply["state"])
        return fact_check(bench, reply["says"], submission)

    def _make(self, name: str) -> tuple[Workbench, Submission]:
        state, content = read("states")[name], self.curriculum.content
        step, workspace = self.curriculum[state["step"]], new_workspace(self.root / name)
        for module, reference in content.references().items():
            file = workspace.root / f"{module.replace('.', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(reference, file)
        if "code" in state:
            source = content.read(content.grader(step.key) / state["code"])
        else:
            known = {mistake.name: mistake for mistake in load_mistakes(content.mistakes(step.key))}
            source = known[state["mistake"]].source(content, step)
        workspace.file(step).write_text(source, encoding="utf-8")
        submission = Submission(workspace.modules())
        # Few inputs are enough to tell these apart, and the smallest one is not looked at here.
        verdict = grade(content, step, submission, shrink=False, most_examples=6)
        assert verdict.passed == ("code" in state), name
        keep_last(workspace, step, verdict)
        self.made[name] = Workbench(content, step, workspace.modules(), read_last(workspace, step)), submission
        return self.made[name]


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[States]:
    made = States(tmp_path_factory.mktemp("bench"), load_curriculum(find_content()))
    yield made
    for bench, _ in made.made.values():
        bench.close()


def flagged(report: Report) -> list[Claim]:
    return report.of(Result.REFUTED, Result.POSSIBLE, Result.SOLUTION)


def test_wrong_replies_are_flagged(states: States) -> None:
    replies = read("wrong")["reply"]
    found, missed, others = Counter[str](), [], 0
    for reply in replies:
        report = states.check(reply)
        hit = any(reply["wrong"] in claim.said for claim in flagged(report))
        if reply.get("checkable", True):
            found[reply["kind"]] += hit
            missed += [] if hit else [(reply["state"], reply["kind"], reply["wrong"])]
        else:
            others += 1
            assert report.unchecked > 0
        # Nothing but what is wrong is flagged, in a wrong reply either.
        known = [reply["wrong"], *reply.get("also", ())]
        assert all(any(one in claim.said for one in known) for claim in flagged(report)), (
            reply["state"],
            report.claims,
        )
    checkable = len(replies) - others
    print(
        f"\nflagged {sum(found.values())} of {checkable} checkable wrong replies, {dict(found)}; {others} not checkable"
    )
    print("missed:", *missed, sep="\n  ")
    assert checkable >= 30
    assert sum(found.values()) >= LEAST_FLAGGED * checkable, missed


def test_true_replies_are_left_alone(states: States) -> None:
    replies = read("true")["reply"]
    counts = Counter[str]()
    for reply in replies:
        report = states.check(reply)
        assert flagged(report) == [], reply["says"]
        assert not report.refuted
        counts.update(claim.result.value for claim in report.claims)
        counts["not checked"] += report.unchecked
    print(f"\n{len(replies)} true replies: {dict(counts)}")
    assert len(replies) >= 30
    assert counts["confirmed"] >= 30, "a checker that decides nothing refutes nothing either"
