"""The diagnosis on the fake course and on F.1: named when it behaves so, never named when it does not."""

import contextlib
import json
import sys
from pathlib import Path

import pytest
from grading_helpers import GRADER, one_mistake, small_course

from course.content import find_content
from course.curriculum import load_curriculum
from course.grading import diagnosis, judge, replayer
from course.grading.evidence import Evidence, Example
from course.grading.judge import Submission, grade, reference_modules
from course.grading.mistakes import load_mistakes
from course.grading.outcomes import Diagnosis, Failure, Finding, Outcome, PropertyResult, Verdict
from course.grading.process import LearnerProcess, Setup
from course.view.verdict import show

sys.path.insert(0, str(Path(__file__).parent / "bench"))
import diagnosis as bench


@pytest.fixture(scope="module")
def neuron():
    content = find_content()
    return content, load_curriculum(content)["foundations/neuron"]


def diagnosed(neuron, tmp_path, edit=None, base="reference.py", more=()):
    content, step = neuron
    source = (content.grader(step.key) / base).read_text(encoding="utf-8")
    for find, replace in [edit, *more] if edit else []:
        assert source.count(find) == 1
        source = source.replace(find, replace)
    file = tmp_path / "neuron.py"
    file.write_text(source, encoding="utf-8")
    return grade(content, step, Submission(reference_modules(content, {step.module: file}), trusted=True))


def test_a_mistake_in_another_style_is_named(neuron, tmp_path):
    verdict = diagnosed(
        neuron, tmp_path, ("            dw[d] += dz * x[n, d]", "            dw[d] = dz * x[n, d]"), "right_loops.py"
    )
    assert verdict.diagnosis.finding is Finding.MATCH
    assert verdict.diagnosis.mistakes == ("dw of the last example only",)
    assert verdict.diagnosis.inputs > 20


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("foundations/losses", "a one-hot row is looked up in a V × V identity"),  # it shows in memory alone
        ("foundations/engine", "division by the processor's own division"),  # in the last digits alone
        (
            "foundations/mlp_numpy",
            "slope of relu at zero passes the gradient",
        ),  # another fails there, too
        ("foundations/mlp_scalar", "parameters of the last layer only"),  # what it forgets to set is drawn
        ("tokenizer/data", "appended to an older file"),  # the file of the call before
    ],
)
def test_a_mistake_that_hardly_shows_is_named(key, name, tmp_path):
    content = find_content()
    step = load_curriculum(content)[key]
    (mistake,) = (one for one in load_mistakes(content.mistakes(key)) if one.name == name)
    file = tmp_path / "mistaken.py"
    file.write_text(mistake.source(content, step), encoding="utf-8")
    verdict = grade(content, step, Submission(reference_modules(content, {step.module: file}), trusted=True))
    assert verdict.diagnosis.finding is Finding.MATCH
    assert verdict.diagnosis.mistakes == (name,)


def test_two_at_once_are_both_named(neuron, tmp_path, monkeypatch):
    monkeypatch.setattr(diagnosis, "PAIR_SECONDS", 60.0)  # a slow machine would give up the search
    verdict = diagnosed(
        neuron,
        tmp_path,
        ("    db = dz.sum()", "    db = dz.mean()"),
        more=[("2.0 * diff / diff.size", "diff / diff.size")],
    )
    assert verdict.diagnosis.finding is Finding.MATCH
    assert set(verdict.diagnosis.mistakes) == {"db averaged over the batch", "gradient of mse without the factor 2"}


def test_a_bug_of_no_known_kind_is_unknown(neuron, tmp_path):
    verdict = diagnosed(neuron, tmp_path, ("    z = x @ w + b  # (N,)", "    z = x @ w + b * 1.001  # (N,)"))
    assert not verdict.passed
    assert verdict.diagnosis.finding is Finding.UNKNOWN
    assert verdict.diagnosis.mistakes == ()


def test_right_and_unfinished_code_have_no_diagnosis(neuron, tmp_path):
    assert diagnosed(neuron, tmp_path).diagnosis is None
    content, step = neuron
    stub = Submission(reference_modules(content, {step.module: content.stub(step.file)}), trusted=True)
    assert grade(content, step, stub).diagnosis is None


def test_a_mistake_that_hangs_stops_nothing(neuron, tmp_path, monkeypatch):
    content, step = neuron
    looping = ("    return np.maximum(x, 0.0)", "    while True:\n        pass")
    real = load_mistakes(content.mistakes(step.key))
    hangs = type(real[0])("hangs", "belief", ("1", "2", "3"), (looping,))
    monkeypatch.setattr(replayer, "load_mistakes", lambda path: [hangs, *real])
    verdict = diagnosed(neuron, tmp_path, ("    db = dz.sum()", "    db = dz.mean()"))
    assert verdict.diagnosis.mistakes == ("db averaged over the batch",)


def test_the_verdict_json_carries_it(neuron, tmp_path):
    verdict = diagnosed(neuron, tmp_path, ("    db = dz.sum()", "    db = dz.mean()"))
    data = json.loads(json.dumps(verdict.as_json()))
    assert data["diagnosis"]["finding"] == "match"
    assert data["diagnosis"]["mistakes"] == ["db averaged over the batch"]


ONE_MORE = one_mistake("one more", "2 * x", "2 * x + 1")


@pytest.mark.parametrize(("cores", "rests"), [(2, True), (8, False)])
def test_it_begins_with_the_first_thing_that_fails_and_gets_a_core(tmp_path, monkeypatch, cores, rests):
    double, zero = GRADER.split("@settings")[0], "def test_zero" + GRADER.split("def test_zero")[1]
    content, step = small_course(tmp_path / "content", double + zero + zero.replace("test_zero", "test_nothing"))
    content.mistakes(step.key).write_text(ONE_MORE, encoding="utf-8")
    file = tmp_path / "code" / "step.py"
    file.parent.mkdir()
    file.write_text("def double(x):\n    return x + x + 1\n", encoding="utf-8")
    monkeypatch.setattr(judge, "cores", lambda: cores)
    seen, ask = [], LearnerProcess.ask
    for owner, name in ((replayer.Replayer, "_begin"), (LearnerProcess, "rest")):
        usual = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda self, usual=usual, name=name: (seen.append(name), usual(self)))
    monkeypatch.setattr(LearnerProcess, "ask", lambda self, *what: (seen.append(what[0]), ask(self, *what))[1])
    verdict = grade(content, step, Submission({step.module: file}))
    assert verdict.diagnosis.mistakes == ("one more",)
    assert seen[:4] == ["load", "call", "_begin", "rest" if rests else "call"]


def test_what_passed_waits_for_the_first_property_that_failed(neuron, monkeypatch):
    """What failed leaves few versions, on which the rest is tried then."""
    content, step = neuron
    one, handed = replayer.Replayer(Setup(step.module, {}, step.rules, step.budget), content, step), []
    monkeypatch.setattr(one, "_post_examples", handed.extend)
    examples = [
        Example(name, (), 1e-11, failed)
        for name, failed in [("a", False), ("b", True), ("b", False), ("b", True), ("c", False), ("d", True)]
    ]
    for example in examples:
        one._hear(example)
    assert handed == [*examples[1:4], examples[0], *examples[4:]]


def test_what_is_shown_failed_first_in_the_graders_order():
    tried = [Example(name, (), 1e-11, failed) for name, failed in [("c", True), ("a", False), ("b", True)]]
    assert Evidence(tried, order=("a", "b", "c")).shown == "b"
    assert Evidence(tried).shown == "c"


# ---------------------------------------------------------------- the input that is shown


@pytest.fixture(scope="module")
def engine():
    content = find_content()
    return content, load_curriculum(content)["foundations/engine"]


def like(step, content, verdict):
    """The classes of mistakes that answer the shown input as the learner's code did."""
    name = verdict.first_failure.name
    setup = Setup(step.module, reference_modules(content), step.rules, step.budget, (content.probes(step.key),))
    with contextlib.closing(replayer.Replayer(setup, content, step)) as one:
        one.start(Evidence())
        known = dict(enumerate(one.mistakes, 1))
        example = Example(name, tuple(verdict.transcripts[name]), 1e-11, failed=True)
        return {known[version].same_as or known[version].name for version in one.like(list(known), example)}


def wrongs(key, *places):
    return [wrong for wrong in bench.load_corpus(find_content(), [key]) if wrong.place in places]


@pytest.mark.parametrize("wrong", wrongs("foundations/engine", 2, 4, 7, 10), ids=lambda wrong: wrong.label[0])
def test_the_shown_input_tells_the_match_from_every_other_mistake(engine, wrong):
    content, step = engine
    verdict = bench.diagnosed(content, load_curriculum(content), wrong)
    assert verdict.diagnosis.finding is Finding.MATCH
    assert not verdict.diagnosis.rivals
    assert like(step, content, verdict) == set(verdict.diagnosis.mistakes)


def test_of_many_names_only_a_few_are_shown(neuron, capsys):
    _, step = neuron
    names = tuple(f"mistake {place}" for place in range(40))
    wrong = PropertyResult("test_y", "the claim", Outcome.WRONG, 1, Failure("y: got 1, expected 2"))
    for found in (Diagnosis(Finding.MATCH, ("the bug",), 50, names), Diagnosis(Finding.AMBIGUOUS, names, 50)):
        show(step, Verdict(step.key, Outcome.WRONG, (wrong,), 1, 0.1, "", "", "", diagnosis=found))
        said = " ".join(capsys.readouterr().out.split())
        assert "“mistake 3”" in said
        assert "mistake 4" not in said
        assert "36 others" in said
