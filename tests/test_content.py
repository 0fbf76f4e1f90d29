"""The content's own proof, step by step: `course dev check` finds nothing, and the stored scores are true."""

import sys
from pathlib import Path

import pytest

from course.content import Content
from course.curriculum import load_curriculum
from course.dev.report import check_steps
from course.grading.mistakes import load_mistakes
from course.grading.score import files_digest, read_score

ROOT = Path(__file__).parents[1]
CONTENT = Content(ROOT)
CURRICULUM = load_curriculum(CONTENT)
STEPS = [step.key for step in CURRICULUM]

sys.path.insert(0, str(Path(__file__).parent / "bench"))
import diagnosis as bench  # noqa: E402 - beside the tests, not installed

# Of each step's corpus this many are tried here; `make bench-diagnosis` tries all.
SAMPLE = 2


@pytest.mark.parametrize("key", STEPS)
def test_the_step_is_sound_and_its_grader_proven(key):
    (report,) = check_steps(CURRICULUM, [CURRICULUM[key]], jobs=1)
    assert report.faults == []
    assert report.count("right") >= 3, "the reference and two other right solutions"
    assert report.count("mistake") >= 20


@pytest.mark.parametrize("key", STEPS)
def test_the_stored_score_was_measured_on_these_files(key):
    step = CURRICULUM[key]
    score = read_score(CONTENT, step)
    assert score is not None, f"course dev mutate {step.number}"
    assert score.files == files_digest(CONTENT, step), f"the files changed: course dev mutate {step.number}"
    assert score.mistakes == len(load_mistakes(CONTENT.mistakes(key)))
    assert score.share >= 0.98


@pytest.mark.parametrize("key", STEPS)
def test_the_diagnosis_names_nothing_falsely(key):
    corpus = bench.load_corpus(CONTENT, [key])
    chosen = corpus[:: max(len(corpus) // SAMPLE, 1)]
    found = {}
    for wrong in chosen:
        verdict = bench.diagnosed(CONTENT, CURRICULUM, wrong)
        assert not verdict.passed, f"corpus #{wrong.place} passes"
        found[wrong.place] = bench.judged(CONTENT, CURRICULUM, wrong, verdict.diagnosis)
    assert "false" not in found.values(), found


def test_the_corpus_is_large_and_of_every_kind():
    corpus = bench.load_corpus(CONTENT)
    sizes = [len(wrong.label) for wrong in corpus]
    assert len(corpus) >= 200
    assert min(sizes.count(size) for size in (0, 1, 2)) >= 20
