"""The verdict: the same for the same code, never a pass for a property that did not run, and whose fault it is."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import hypothesis
import numpy as np
import pytest
from grading_helpers import DOUBLE, GRADER, named, nothing_left, said, small_course, submit

from course.content import Content
from course.curriculum import Curriculum
from course.errors import ContentError
from course.grading.judge import Submission, grade, reference_modules
from course.grading.outcomes import Outcome, Verdict
from course.grading.seeds import seed_of

WRONG = "def double(x):\n    return 2 * x if x < 100 else 2 * x + 1\n"


def essence(verdict: Verdict) -> str:
    """The verdict as JSON without what may differ from run to run: times."""
    data = verdict.as_json()
    del data["seconds"]
    return json.dumps(data, sort_keys=True)


# ---------------------------------------------------------------- determinism


@pytest.mark.parametrize("source", [DOUBLE, WRONG, "def double(x): raise ValueError(x)", "def double(x: 1 +"])
def test_the_same_code_gets_the_same_verdict(tmp_path: Path, source: str) -> None:
    course = small_course(tmp_path / "content")
    with nothing_left(tmp_path / "scratch"):
        verdicts = [submit(course, source, tmp_path / "a") for _ in range(5)]
    assert len({essence(one) for one in verdicts}) == 1


@pytest.mark.parametrize("says", ["raise ValueError(f'no {object()}')", "print(object()); return x"])
def test_where_an_object_lay_in_memory_is_not_told(tmp_path: Path, says: str) -> None:
    verdict = submit(small_course(tmp_path / "content"), f"def double(x): {says}", tmp_path / "a")
    assert "object at 0x…>" in essence(verdict).replace("\\u2026", "…")
    assert "at 0x7" not in essence(verdict)


def test_another_process_gives_the_same_verdict(tmp_path: Path) -> None:
    """Neither the judge's hash seed nor what it graded before may count, not even for code that asks for them."""
    source = "def double(x):\n    return 2 * x if list({'a', 'b', 'c', 'd'})[0] < 'c' else x"
    course = small_course(tmp_path / "content")
    here = submit(course, source, tmp_path / "a")
    code = f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from grading_helpers import small_course, submit
        from test_judge import essence
        root = Path({str(tmp_path)!r})
        print(essence(submit(small_course(root / "content"), {source!r}, root / "a")))
    """
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", dedent(code)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == essence(here)


def inputs(verdict: Verdict) -> list[Any]:
    return [exchange.args for transcript in verdict.transcripts.values() for exchange in transcript]


def test_changed_code_meets_new_inputs_and_a_comment_changes_nothing(tmp_path: Path) -> None:
    course = small_course(tmp_path / "content")
    plain = submit(course, DOUBLE, tmp_path / "a")
    commented = submit(course, "# mine\n" + DOUBLE.replace("2 * x", "2 * x  # twice\n"), tmp_path / "a")
    other = submit(course, DOUBLE.replace("2 * x", "x * 2"), tmp_path / "a")
    assert (plain.seed, plain.code) == (commented.seed, commented.code)
    assert plain.raw != commented.raw
    assert plain.seed != other.seed
    assert plain.seed == seed_of(plain.code, plain.grader)


def test_a_changed_grader_draws_anew(tmp_path: Path) -> None:
    plain = submit(small_course(tmp_path / "one"), DOUBLE, tmp_path / "a")
    other = submit(small_course(tmp_path / "two", GRADER + "\n# changed\n"), DOUBLE, tmp_path / "a")
    assert (plain.code, plain.seed) != (other.code, other.seed)
    assert plain.code == other.code


def test_a_seed_of_one_s_own_overrides(tmp_path: Path) -> None:
    course = small_course(tmp_path / "content")
    failing = "def double(x):\n    assert x == 0, x\n    return 0\n"
    first = {seed: submit(course, failing, tmp_path / "a", seed=seed) for seed in (0, 1, 2**40)}
    assert [first[seed].seed for seed in first] == [0, 1, 2**40]
    assert {one.outcome for one in first.values()} == {Outcome.ERROR}
    again = submit(course, failing, tmp_path / "a", seed=1)
    assert essence(again) == essence(first[1])


def test_seeds_differ_in_what_they_draw(tmp_path: Path) -> None:
    grader = """
    from hypothesis import given, settings
    from hypothesis import strategies as st

    @settings(max_examples=10)
    @given(st.integers(0, 10**9))
    def test_seen(learner, x):
        '''seen'''
        learner.seen(x)

    def test_tell(learner):
        '''tell'''
        raise AssertionError(str(learner.tell()))
    """
    course = small_course(tmp_path / "content", grader)
    source = "kept = []\ndef seen(x): kept.append(x)\ndef tell(): return kept"
    told = [said(submit(course, source, tmp_path / "a", seed=seed)) for seed in (1, 1, 2)]
    assert told[0] == told[1] != told[2]


def test_examples_that_draw_alike_differ_between_properties(tmp_path: Path) -> None:
    body = (
        "@settings(max_examples=10)\n@given(st.integers(0, 10**9))\n"
        "def test_{0}(learner, x):\n    '''{0}'''\n    learner.{0}(x)\n"
    )
    grader = (
        "from hypothesis import given, settings\nfrom hypothesis import strategies as st\n"
        + body.format("one") + body.format("two")
        + "def test_tell(learner):\n    '''tell'''\n    a, b = learner.tell()\n    raise AssertionError(str(a == b))\n"
    )  # fmt: skip
    source = "a, b = [], []\ndef one(x): a.append(x)\ndef two(x): b.append(x)\ndef tell(): return a, b"
    assert said(submit(small_course(tmp_path / "content", grader), source, tmp_path / "a")).startswith("False")


# ---------------------------------------------------------------- what a verdict tells


def test_properties_keep_their_order_and_say_their_claim(tmp_path: Path) -> None:
    grader = """
    def test_zebra(learner):
        '''The first line
        goes on here.

        A second paragraph is for authors.
        '''

    def test_apple(learner):
        assert learner.double(1) == 2

    class TestGroup:
        def test_inner(self, learner):
            '''A method is a property as well.'''
    """
    verdict = submit(small_course(tmp_path / "content", grader), DOUBLE, tmp_path / "a")
    assert [(one.name, one.claim) for one in verdict.properties] == [
        ("test_zebra", "The first line goes on here"),
        ("test_apple", "apple"),
        ("test_inner", "A method is a property as well"),
    ]
    assert verdict.passed


def test_a_failure_shows_the_smallest_call(tmp_path: Path) -> None:
    verdict = submit(small_course(tmp_path / "content"), WRONG, tmp_path / "a", seed=3)
    result = named(verdict, "test_double")
    assert result.outcome is Outcome.WRONG
    assert result.failure is not None
    assert (result.failure.summary, result.failure.call) == ("double is 201, expected 200", "double(100)")
    assert 1 <= result.examples <= 5
    assert named(verdict, "test_zero").outcome is Outcome.PASSED
    assert verdict.examples == result.examples + 1


def test_transcripts_are_kept_for_what_failed_only(tmp_path: Path) -> None:
    verdict = submit(small_course(tmp_path / "content"), WRONG, tmp_path / "a", seed=3)
    assert list(verdict.transcripts) == ["test_double"]
    (exchange,) = verdict.transcripts["test_double"]
    assert (exchange.name, exchange.args, exchange.reply["value"]) == ("double", (100,), 201)
    assert submit(small_course(tmp_path / "content"), DOUBLE, tmp_path / "a").transcripts == {}


def test_each_property_counts_its_examples(tmp_path: Path) -> None:
    verdict = submit(small_course(tmp_path / "content"), DOUBLE, tmp_path / "a")
    assert {one.name: one.examples for one in verdict.properties} == {"test_double": 5, "test_zero": 1}
    assert {"course", "python", "hypothesis", "pytest"} <= set(verdict.versions)


def test_parametrized_properties_count_one_by_one(tmp_path: Path) -> None:
    grader = """
    import pytest
    from course.grading import check

    @pytest.mark.parametrize("x", [1, 2, 3])
    def test_double(learner, x):
        '''double is 2·x.'''
        check.equal(learner.double(x), 2 * x)
    """
    source = "def double(x):\n    return 2 * x if x != 2 else 5\n"
    verdict = submit(small_course(tmp_path / "content", grader), source, tmp_path / "a")
    assert [one.outcome.value for one in verdict.properties] == ["passed", "wrong", "passed"]
    stumbling = grader.replace("check.equal(learner.double(x), 2 * x)", "assert learner.double(x) + 0 == 2 * x")
    verdict = submit(small_course(tmp_path / "content", stumbling), "def double(x): pass", tmp_path / "a")
    assert [one.outcome.value for one in verdict.properties] == ["wrong"] * 3


def test_what_was_printed_is_told(tmp_path: Path) -> None:
    verdict = submit(
        small_course(tmp_path / "content"), DOUBLE.replace("return", "print('here', x); return"), tmp_path / "a"
    )
    assert verdict.passed
    assert "here 0\n" in verdict.printed


def test_a_property_serves_itself_of_a_new_process_after_a_crash(tmp_path: Path) -> None:
    source = "import os\ndef double(x):\n    if x: os._exit(1)\n    return 0\n"
    verdict = submit(small_course(tmp_path / "content"), source, tmp_path / "a")
    assert [one.outcome.value for one in verdict.properties] == ["crashed", "passed"]
    assert verdict.outcome is Outcome.CRASHED


def test_modules_that_stand_behind_are_part_of_the_code(
    content: Content, curriculum: Curriculum, tmp_path: Path
) -> None:
    step = curriculum["beta/centre"]
    mean = tmp_path / "mean.py"
    mean.write_text("import numpy as np\ndef mean(x):\n    return float(x.max())\n", encoding="utf-8")
    right = grade(content, step, Submission(reference_modules(content), trusted=True))
    wrong = grade(content, step, Submission(reference_modules(content, {"minillm.alpha.mean": mean}), trusted=True))
    assert right.passed
    assert wrong.outcome is Outcome.WRONG
    assert right.code != wrong.code


# ---------------------------------------------------------------- whose fault it is

FAULTY = {
    "collects nothing": ("x = 1\n", "collects no property"),
    "an empty file": ("", "collects no property"),
    "a syntax error": ("def test_a(learner:\n", "SyntaxError"),
    "an import error": ("import not_there_at_all\ndef test_a(learner): pass\n", "not_there_at_all"),
    "an error at import": ("1 / 0\ndef test_a(learner): pass\n", "ZeroDivisionError"),
    "an unknown fixture": ("def test_a(lerner):\n    '''a'''\n", "lerner"),
    "a fixture that fails": (
        "import pytest\n@pytest.fixture\ndef case(): 1 / 0\ndef test_a(case, learner): pass\n", "ZeroDivisionError"),
    "an error of its own": ("def test_a(learner):\n    '''a'''\n    learner.double(1)\n    {}['no']\n", "KeyError"),
    "an unknown probe": ("def test_a(learner):\n    '''a'''\n    learner.probe('no_such')\n", "probe"),
    "a skip": ("import pytest\ndef test_a(learner):\n    '''a'''\n    pytest.skip('later')\n", "Skipped"),
    "a skip mark": ("import pytest\n@pytest.mark.skip\ndef test_a(learner):\n    '''a'''\n", "Skipped"),
    "a skipped file": ("import pytest\npytest.skip('later', allow_module_level=True)\n", "collects no property"),
    "an expected failure": (
        "import pytest\n@pytest.mark.xfail\ndef test_a(learner):\n    '''a'''\n    1 / 0\n", "ZeroDivisionError"),
    "an early end": ("import pytest\ndef test_a(learner): pytest.exit('enough')\ndef test_b(learner): pass\n",
    "did not run"),
    "a teardown that fails": (
        "import pytest\n@pytest.fixture\ndef case():\n    yield\n    1 / 0\ndef test_a(case, learner): pass\n",
        "ZeroDivisionError"),
    "an impossible draw": (
        "from hypothesis import given, strategies as st\n@given(st.integers().filter(lambda n: False))\n"
        "def test_a(learner, n):\n    '''a'''\n", "Unsatisfi"),
    "an example that is assumed away": (
        "from hypothesis import assume, given, strategies as st\n@given(st.integers())\n"
        "def test_a(learner, n):\n    '''a'''\n    assume(False)\n", "Unsatisfi"),
    "a warning as error": ("import warnings\ndef test_a(learner):\n    raise UserWarning('x')\n", "UserWarning"),
    "an unknown setting": ("from hypothesis import settings\n@settings(no_such=1)\ndef test_a(learner): pass\n",
    "no_such"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTY)
def test_a_broken_grader_is_a_grader_fault_and_never_a_pass(tmp_path: Path, name: str) -> None:
    grader, says = FAULTY[name]
    with nothing_left(tmp_path / "scratch"):
        verdict = submit(small_course(tmp_path / "content", grader), DOUBLE, tmp_path / "a")
    assert verdict.outcome is Outcome.GRADER_FAULT
    assert says in "\n".join(f"{one.failure.summary} {one.failure.detail}" for one in verdict.properties if one.failure)


@pytest.mark.parametrize(
    ("probes", "says"),
    [("def f(:\n", "SyntaxError"), ("import not_there_at_all\n", "not_there_at_all"), ("1 / 0\n", "ZeroDivisionError")],
)
def test_probes_that_cannot_be_loaded_are_the_grader_s_fault(tmp_path: Path, probes: str, says: str) -> None:
    with nothing_left(tmp_path / "scratch"):
        verdict = submit(small_course(tmp_path / "content", probes=probes), DOUBLE, tmp_path / "a")
    assert verdict.outcome is Outcome.GRADER_FAULT
    assert "probes cannot be loaded" in said(verdict)
    assert says in said(verdict)


WRITES_THE_STACK = """
from course.grading import check

def test_double(learner):
    '''double(2) is 4.'''
    check.equal(learner.probe("twice", 2), 4)
"""


def test_code_that_writes_down_the_stack_reads_no_grader(tmp_path: Path) -> None:
    # torch.manual_seed does so each time, and a probe of ours is on the stack.
    probes = "def twice(module, x): return module.double(x)  # hidden"
    course = small_course(tmp_path / "content", WRITES_THE_STACK, probes=probes)
    shows = """
        import traceback
        def double(x):
            assert "hid" + "den" not in "".join(traceback.format_stack())
            return 2 * x
    """
    assert submit(course, shows, tmp_path / "a").passed


STUMBLES = """
def test_sum(learner):
    '''The doubles of 1 and 2 add up to 6.'''
    assert learner.double(1) + learner.double(2) == 6

def test_keys(learner):
    '''double(3) is 6.'''
    assert {6: "six"}[learner.double(3)] == "six"
"""


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def double(x): pass", "double returned None, with which nothing can be computed"),
        ("def double(x): return {}", "double returned a dict of 0, with which"),
        ("def double(x): return object()", "double returned <an object of type object>, with which"),
        ("def double(x): return 10**5000 if x == 3 else 2 * x", "double returned a huge number (int), with which"),
    ],
)
def test_a_property_that_stumbles_over_the_learner_s_value_is_wrong(tmp_path: Path, source: str, says: str) -> None:
    verdict = submit(small_course(tmp_path / "content", STUMBLES), source, tmp_path / "a")
    assert verdict.outcome is Outcome.WRONG
    assert said(verdict).startswith(says)


def test_a_property_that_stumbles_over_the_reference_too_is_the_grader_s_fault(tmp_path: Path) -> None:
    course = small_course(tmp_path / "content", STUMBLES, reference="def double(x): pass\n")
    assert submit(course, "def double(x): pass", tmp_path / "a").outcome is Outcome.GRADER_FAULT


def test_a_wild_result_is_wrong_and_not_flaky(tmp_path: Path) -> None:
    source = "import os\ndef double(x):\n    return 2 * x + os.urandom(1)[0] % 2\n"
    grader = GRADER.replace("max_examples=5", "max_examples=30")
    verdict = submit(small_course(tmp_path / "content", grader), source, tmp_path / "a")
    assert verdict.outcome is Outcome.WRONG
    assert "double is " in said(verdict)


def test_a_missing_grader_says_so(tmp_path: Path) -> None:
    content, step = small_course(tmp_path / "content")
    content.test_file(step.key).unlink()
    with pytest.raises(ContentError, match=r"grader of T\.1 is missing"):
        grade(content, step, Submission({}))


# ---------------------------------------------------------------- the learner's folder has no say


def test_no_plugin_or_setting_of_the_learner_s_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    passing = "import pytest\n@pytest.hookimpl(tryfirst=True)\ndef pytest_pyfunc_call(pyfuncitem): return True\n"
    (work / "conftest.py").write_text(passing)
    (work / "cheat.py").write_text(passing)
    (work / "sitecustomize.py").write_text("raise SystemExit")
    (work / "pytest.ini").write_text("[pytest]\naddopts = -p cheat --collect-only\npython_functions = nothing\n")
    (work / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "-p cheat -k nothing"\n')
    (work / "tox.ini").write_text("[pytest]\naddopts = -p cheat\n")
    monkeypatch.chdir(work)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p cheat --collect-only -k nothing")
    monkeypatch.setenv("PYTEST_PLUGINS", "cheat")
    monkeypatch.syspath_prepend(str(work))
    course = small_course(tmp_path / "content")
    assert submit(course, DOUBLE, work).passed
    assert submit(course, "def double(x): return x\n", work).outcome is Outcome.WRONG
    assert os.environ["PYTEST_ADDOPTS"] == "-p cheat --collect-only -k nothing"  # the shell's own stay
    assert "PYTEST_DISABLE_PLUGIN_AUTOLOAD" not in os.environ
    assert not list(work.rglob("__pycache__"))
    assert not list(work.rglob(".pytest_cache"))
    assert not list(work.rglob(".hypothesis"))


def test_a_conftest_beside_the_grader_is_not_needed(tmp_path: Path) -> None:
    course = small_course(tmp_path / "content")
    (tmp_path / "content" / "graders" / "conftest.py").write_text("raise SystemExit('for authors')")
    assert submit(course, DOUBLE, tmp_path / "a").passed


@pytest.mark.parametrize("name", ["a b", "ünï-日本", "[x]", "a%20b", "it's", "x::y", "-p"])
def test_the_course_may_lie_in_any_folder(tmp_path: Path, name: str) -> None:
    course = small_course(tmp_path / name)
    assert submit(course, DOUBLE, tmp_path / name / "mine").passed
    assert submit(course, "def double(x): pass", tmp_path / name / "mine").outcome is Outcome.WRONG


def test_judging_leaves_numpy_and_hypothesis_as_they_were(tmp_path: Path) -> None:
    np.random.seed(5)
    random.seed(5)
    before = np.random.random(), random.random(), hypothesis.settings().max_examples
    np.random.seed(5)
    random.seed(5)
    submit(small_course(tmp_path / "content"), WRONG, tmp_path / "a")
    assert (np.random.random(), random.random(), hypothesis.settings().max_examples) == before
