"""The judge's hold on the learner process: it asks, it stops what does not answer, and it leaves nothing behind."""

from __future__ import annotations

import dataclasses
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import numpy as np
import psutil
import pytest
from grading_helpers import FORGE, QUICK, nothing_left
from hypothesis.vendor.pretty import pretty

from course.curriculum import Budget, Rules
from course.grading import process
from course.grading.learner import MOST_TIMEOUTS, Clock, Learner, LearnerRaised, PropertyEnds
from course.grading.outcomes import Outcome
from course.grading.process import LearnerProcess, Setup

PY, NP = Rules("PY", ("stdlib",)), Rules("NP", ("stdlib", "numpy"))
Start = Callable[..., Learner]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(source)` serves a source text as `minillm.a`; afterwards nothing may be left of it."""
    served: list[Learner] = []

    def serve(
        source: str, rules: Rules = PY, budget: Budget = QUICK, seconds: float = 60.0, seed: int = 0, awake: bool = True
    ) -> Learner:
        file = tmp_path / f"a{len(served)}.py"
        file.write_text(dedent(source), encoding="utf-8")
        setup = Setup("minillm.a", {"minillm.a": file}, rules, budget, seed=seed, awake=awake)
        served.append(Learner(setup, Clock(time.monotonic() + seconds)))
        return served[-1]

    with nothing_left(tmp_path / "scratch"):
        yield serve
        for learner in served:
            learner.close()


def ends(learner: Learner, name: str, *args: object) -> tuple[Outcome, str]:
    with pytest.raises(PropertyEnds) as caught:
        learner.function(name)(*args)
    return caught.value.outcome, caught.value.failure.summary


# ---------------------------------------------------------------- asking


def test_calls_keep_their_process_and_its_state(start: Start) -> None:
    learner = start(
        "import os\ncount = 0\ndef f(*a, **k):\n    global count\n    count += 1\n    return os.getpid(), count, a, k"
    )
    assert learner.load() is None
    first, second = learner.f(1, x=[2]), learner.f()
    assert first[0] == second[0] != os.getpid()
    assert (first[1:], second[1]) == ((1, (1,), {"x": [2]}), 2)


def test_arrays_cross_as_they_lie(start: Start) -> None:
    learner = start(
        "def f(x):\n    kinds = x.flags.c_contiguous, x.flags.writeable\n    x += 1\n    return kinds, x", NP
    )
    sent = np.arange(6.0).reshape(2, 3).T
    kinds, got = learner.f(sent)
    assert kinds == (False, True)
    assert np.array_equal(got, sent + 1)
    assert sent[0, 0] == 0  # the judge's own is out of reach


def test_the_learner_is_short_to_write(start: Start) -> None:
    """Hypothesis writes it, with all that it holds, whenever a property fails."""
    learner = start("def f(): return 'x' * 10_000")
    learner.f()
    assert pretty(learner) == "learner"


def test_a_name_that_is_the_engine_s_own_can_still_be_called(start: Start) -> None:
    learner = start("def probe(x): return x\ndef start(): return 2")
    assert learner.function("probe")(1) == 1
    assert learner.function("start")() == 2
    with pytest.raises(AttributeError):
        learner._private  # noqa: B018


def test_an_exception_comes_with_its_bases_and_places(start: Start) -> None:
    learner = start("class Mine(KeyError):\n    pass\ndef g():\n    raise Mine('a' * 9999)\ndef f():\n    g()")
    with pytest.raises(LearnerRaised) as caught:
        learner.f()
    error = caught.value
    assert error.type_name == "Mine"
    assert {"Mine", "KeyError", "LookupError", "Exception"} <= set(error.bases)
    assert len(error.message) <= 600
    assert error.where == ("minillm/a.py:6 in f", "minillm/a.py:4 in g")
    with pytest.raises(LearnerRaised):  # the process lives on
        learner.f()


def test_every_exchange_is_on_record(start: Start) -> None:
    learner = start("def f(x):\n    return x\ndef g():\n    raise ValueError")
    learner.load()
    learner.begin()
    learner.f([1])
    with pytest.raises(LearnerRaised):
        learner.g()
    kept = [(one.operation, one.name, one.args, one.reply["status"]) for one in learner.transcript]
    assert kept == [("call", "f", ([1],), "ok"), ("call", "g", (), "raised")]
    learner.begin()
    assert learner.transcript == []


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ((), "your f(x, y=2, *, k=1) cannot take this call: missing a required argument: 'x'"),
        ((1, 2, 3), "too many positional arguments"),
    ],
)
def test_a_call_that_does_not_fit_is_told_from_a_type_error_inside(
    start: Start, call: tuple[int, ...], says: str
) -> None:
    learner = start("def f(x: int, y=2, *, k=1): return x + 'a'")
    outcome, summary = ends(learner, "f", *call)
    assert outcome is Outcome.ERROR
    assert says in summary
    with pytest.raises(LearnerRaised, match="unsupported operand"):
        learner.f(1)


def test_hashes_are_the_same_for_the_same_seed(start: Start) -> None:
    source = "def f(): return list({'one', 'two', 'three', 'four', 'five', 'six'}), hash('a')"
    same = [start(source, seed=7).f() for _ in range(2)]
    assert same[0] == same[1]
    assert start(source, seed=2**40 + 1).f() != same[0]


# ---------------------------------------------------------------- the environment


def test_the_learner_gets_nothing_of_the_judge_s_surroundings(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    for name in ("sitecustomize.py", "usercustomize.py", "json.py", "random.py"):
        (beside / name).write_text("raise SystemExit('got in')")
    monkeypatch.chdir(beside)
    for name in ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "SECRET"):
        monkeypatch.setenv(name, str(beside))
    learner = start(
        "import os, sys, random, json\n"
        "def f(): return os.getcwd(), dict(os.environ), sys.stdin.read(), sys.flags.no_site"
    )
    assert learner.load() is None
    cwd, environment, typed, no_site = learner.f()
    assert Path(cwd).name.startswith("course-")
    assert not {"PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "SECRET"} & set(environment)
    assert environment["HOME"] == environment["TMPDIR"] == cwd
    assert environment["OMP_NUM_THREADS"] == "1"
    assert (typed, no_site) == ("", 1)


def test_what_is_printed_is_kept_and_cut(start: Start) -> None:
    learner = start("import sys\ndef f(n):\n    print('x' * n)\n    sys.stderr.write('the end\\n')")
    learner.f(100_000)
    learner.close()
    assert learner.printed.startswith("… ") or len(learner.printed) == 8 << 10
    assert "the end" in learner.printed or learner.printed.endswith("x\n")
    assert len(learner.printed) <= 8 << 10


def test_the_protections_are_known_after_the_end(start: Start) -> None:
    learner = start("")
    learner.load()
    learner.close()
    if sys.platform == "linux":
        assert "memory" in learner.protections


# ---------------------------------------------------------------- stopping

LOOP = "def f():\n    while True: pass\ndef g(): return 1"
SHORT = dataclasses.replace(QUICK, call_seconds=0.3)


def test_a_call_that_does_not_end_is_stopped_and_the_next_gets_a_new_process(start: Start) -> None:
    learner = start(LOOP, budget=SHORT)
    learner.load()
    began = time.monotonic()
    assert ends(learner, "f") == (Outcome.TIMEOUT, "one call took longer than 0.3 s")
    assert time.monotonic() - began < 10 * SHORT.call_seconds + 3  # what it waits for a core is not counted
    assert learner.g() == 1


def test_nobody_waits_a_third_time(start: Start) -> None:
    learner = start(LOOP, budget=SHORT)
    for _ in range(MOST_TIMEOUTS):
        ends(learner, "f")
    began = time.monotonic()
    assert ends(learner, "g") == (Outcome.TIMEOUT, "not tried: 2 calls had already run out of time")
    assert time.monotonic() - began < 0.2


def test_the_time_of_the_whole_check_is_shared(start: Start) -> None:
    learner = start(LOOP, seconds=0.6)
    learner.load()
    assert ends(learner, "f") == (Outcome.TIMEOUT, "the time for this check is used up")
    assert ends(learner, "g") == (Outcome.TIMEOUT, "the time for this check is used up")


@pytest.mark.usefixtures("guessed")
def test_sending_to_a_process_that_does_not_read_is_stopped_as_well(start: Start) -> None:
    """A request larger than the pipe's buffer must not wait for ever."""
    source = "import time\ndef f(x):\n    send((2, {'status': 'ok', 'value': 1}))\n    time.sleep(60)"
    learner = start(FORGE + source, budget=SHORT)
    assert learner.f(0) == 1
    assert ends(learner, "f", b"\0" * (4 << 20))[0] is Outcome.TIMEOUT


def test_a_process_that_dies_is_named_with_its_end(start: Start) -> None:
    learner = start(
        "import os, signal\ndef f(n): os._exit(n)\ndef g(): signal.raise_signal(signal.SIGSEGV)\ndef h(): return 1"
    )
    assert ends(learner, "f", 0) == (Outcome.CRASHED, "the code ended the whole process (exit status 0)")
    assert ends(learner, "f", 7) == (Outcome.CRASHED, "the code ended the whole process (exit status 7)")
    assert learner.h() == 1
    if os.name == "posix":
        assert ends(learner, "g") == (Outcome.CRASHED, "the process died of SIGSEGV")


@pytest.mark.skipif(sys.platform != "linux", reason="only there a limit makes memory run out inside")
def test_memory_runs_out(start: Start) -> None:
    learner = start(
        "def f():\n    return len(bytearray(600 << 20))\ndef g(): return 1",
        budget=dataclasses.replace(QUICK, memory=256 << 20),
    )
    assert ends(learner, "f") == (Outcome.MEMORY, "out of memory")
    assert learner.g() == 1


def test_the_watch_stops_what_no_limit_counts(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    learner = start("import time\ndef f(): time.sleep(30)")
    learner.load()
    assert learner.process is not None
    info = psutil.Process(learner.process.process.pid).memory_info()
    monkeypatch.setattr(psutil.Process, "memory_info", lambda self: info._replace(rss=1 << 40))
    assert ends(learner, "f") == (Outcome.MEMORY, "out of memory: it took more than 512 MiB of memory")


def test_a_process_that_closes_its_connection_and_goes_on_is_stopped(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "DYING_SECONDS", 0.3)
    learner = start("import os\ndef f():\n    os.closerange(0, 100)\n    while True: pass")
    assert ends(learner, "f") == (Outcome.CRASHED, "the code closed the engine's connection")


@pytest.mark.parametrize("source", ["import numpy_is_spelt_wrong", "1 / 0", "def f(:", "raise SystemExit(3)"])
def test_a_module_that_cannot_be_imported_says_why(start: Start, source: str) -> None:
    found = start(source).load()
    assert found is not None
    outcome, failure = found
    assert outcome in (Outcome.ERROR, Outcome.FORBIDDEN, Outcome.CRASHED)
    assert failure.summary


def test_starting_that_fails_leaves_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with nothing_left(tmp_path / "scratch"), pytest.raises(KeyboardInterrupt):
        LearnerProcess(Setup("minillm.a", {}, PY, QUICK))


# ---------------------------------------------------------------- what it must not believe


@pytest.fixture
def guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Number the questions one by one, as if the forger had guessed the secret numbers."""
    numbers = itertools.count(1)
    monkeypatch.setattr(process, "_ticket", lambda: next(numbers))


@pytest.mark.parametrize(
    "forged",
    [
        "(2, {'status': 'raised'})",
        "(2, {'status': 'raised', 'type': 3, 'bases': []})",
        "(2, {'status': 'raised', 'type': 'A', 'bases': [1]})",
        "(2, {'status': 'raised', 'type': 'A', 'bases': ['A'], 'message': 5})",
        "(2, {'status': 'unfinished', 'where': 5})",
        "(2, {'status': 'unfinished', 'where': [5]})",
        "(2, {'status': 'probe-fault', 'message': ''})",
        "(2, {'status': 'grader-fault', 'message': ''})",
        "(2, {'status': 'timeout'})",
        "(2, {'status': ['ok']})",
        "(2, {'status': None})",
        "(2, {})",
        "(2, 'ok')",
        "(3, {'status': 'ok', 'value': 1})",
        "('2', {'status': 'ok', 'value': 1})",
        "2",
        "(1, 2, 3)",
        "b'garbage'",
        "b'l' * 1000",
        "b''",
    ],
)
@pytest.mark.usefixtures("guessed")
def test_what_the_engine_did_not_write_is_refused(start: Start, forged: str) -> None:
    learner = start(FORGE + f"def f(): send({forged})\ndef g(): return 1")
    outcome, summary = ends(learner, "f")
    assert (outcome, summary[:40]) == (Outcome.FORBIDDEN, "something else than the engine wrote to ")
    assert learner.g() == 1


def test_an_oversized_frame_is_refused_before_it_comes(start: Start) -> None:
    learner = start(FORGE + "def f(): send(b'', head=b'\\xff' * 4)")
    assert ends(learner, "f") == (
        Outcome.FORBIDDEN, "something else than the engine wrote to the judge (a frame of 4095 MiB)"
    )  # fmt: skip


@pytest.mark.usefixtures("guessed")
def test_a_forged_answer_at_import_is_no_crash_of_ours(start: Start) -> None:
    for forged in ("{'status': 'raised'}", "{'status': 'probe-fault'}", "{'status': 5}"):
        found = start(FORGE + f"send((1, {forged}))").load()
        assert found is not None
        assert found[0] is Outcome.FORBIDDEN


def test_an_answer_with_another_number_is_forged(start: Start) -> None:
    learner = start(FORGE + "def f():\n    for n in range(100): send((n, {'status': 'ok', 'value': 'forged'}))")
    assert ends(learner, "f") == (
        Outcome.FORBIDDEN, "something else than the engine wrote to the judge (an answer to another question)"
    )  # fmt: skip


def test_numbers_are_not_to_be_guessed() -> None:
    assert len({process._ticket() for _ in range(1000)}) == 1000
    assert all(0 < process._ticket() <= 1 << 56 for _ in range(1000))


@pytest.mark.usefixtures("guessed")
def test_a_forged_value_costs_the_forger_the_next_call(start: Start) -> None:
    learner = start(FORGE + "def f(): send((2, {'status': 'ok', 'value': 'forged'}))\ndef g(): return 1")
    assert learner.f() == "forged"  # no more than returning it would have done
    assert ends(learner, "g")[0] is Outcome.FORBIDDEN


# ---------------------------------------------------------------- what a call leaves behind


def test_what_the_last_call_replaced_is_noticed_before_anything_is_believed(start: Start) -> None:
    learner = start("import builtins\ndef f():\n    builtins.abs = lambda value: 3\n    return 1")
    assert learner.f() == 1
    with pytest.raises(PropertyEnds) as caught:
        learner.settle()
    assert caught.value.outcome is Outcome.FORBIDDEN
    assert "builtins.abs" in learner.printed
    learner.begin()
    assert learner.f() == 1  # in a new process


def test_one_that_sleeps_meanwhile_answers_as_well(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.awake, "waiting_on", lambda _pipe: pytest.fail("it waits with open eyes"))
    learner = start("def f(x):\n    return x + 1", awake=False)
    assert [learner.f(one) for one in (1, 2, 3)] == [2, 3, 4]


def test_who_rests_sleeps_from_then_on_in_a_new_process_too(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    monkeypatch.setattr(process.awake, "waiting_on", lambda _pipe: lambda: waited.append("with open eyes"))
    learner = start("import os\ndef f(x):\n    return x + 1\ndef leave():\n    os._exit(3)")
    assert learner.f(1) == 2
    assert waited
    learner.rest()
    waited.clear()
    assert [learner.f(one) for one in (1, 2, 3)] == [2, 3, 4]
    ends(learner, "leave")
    assert learner.f(4) == 5
    assert learner.f(5) == 6
    assert not waited


def test_settling_says_nothing_of_clean_work_and_starts_no_process(start: Start) -> None:
    learner = start("def f():\n    return 1")
    learner.settle()
    assert learner.process is None
    assert learner.f() == 1
    learner.settle()
    assert [one.name for one in learner.transcript] == ["f"]
