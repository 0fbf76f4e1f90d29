"""Right BPE trainers learn from a megabyte of text within the budget of their step."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from course.content import find_content
from course.curriculum import load_curriculum
from course.data.corpus import corpus
from course.grading.judge import reference_modules
from course.grading.learner import Clock, Learner
from course.grading.process import Setup

CONTENT = find_content()
STEP = load_curriculum(CONTENT)["tokenizer/bpe_train"]
RIGHT = sorted(CONTENT.grader(STEP.key).glob("right_*.py"))


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_a_megabyte_of_text(path: Path) -> None:
    modules = reference_modules(CONTENT, {STEP.module: path})
    setup = Setup(STEP.module, modules, STEP.rules, STEP.budget, probes=(CONTENT.probes(STEP.key),))
    # `ask` stops a call that outlives its budget, and so does the memory's limit.
    learner = Learner(setup, Clock(time.monotonic() + STEP.budget.step_seconds))
    text = corpus(1_000_000)
    try:
        vocab, merges = learner.probe("train", text, 512, ["<|endoftext|>"])
    finally:
        learner.close()
    assert (len(vocab), len(merges)) == (512, 255)
    # What was learned pays: the last token is a piece of the corpus, and more than one byte.
    assert all(one in text and len(one) > 1 for one in (left + right for left, right in merges))
