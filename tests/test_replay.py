import gc
import signal
import time

import numpy as np
import pytest

from course.errors import ContentError
from course.grading import trial
from course.grading.comparison import Comparison, Likeness, Recorded
from course.grading.mistakes import Freedoms, load_freedoms
from course.grading.replay import Versions
from course.grading.wire import Opaque, Record, encode


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1.0, 1.0 + 1e-13),
        (np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-12])),
        ([1, (2.0, "a")], [1, (2.0, "a")]),
        (float("nan"), float("nan")),
        (np.array([np.inf, np.nan, 1.0]), np.array([np.inf, np.nan, 1.0])),
        (Record("R", {"ok": True}), Record("R", {"ok": True})),
        (2, np.int64(2)),
        (True, np.True_),
        (0, 0.0),
        (10**400, 10**400),
        (Record("R", {"ok": True}), Record("R", {"ok": True, "more": 1})),
    ],
)
def test_alike_up_to_rounding(one, other):
    assert Likeness(1e-11)(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1.0, 1.0 + 1e-9),
        (np.array([1.0, 2.0]), np.array([[1.0, 2.0]])),
        (np.array([1.0]), np.array([1.0], dtype=np.float32)),
        (np.array([np.inf]), np.array([-np.inf])),
        (np.array([np.nan]), np.array([1.0])),
        ([1], (1,)),
        (True, 1),
        (1, 2),
        ({"a": 1}, {"b": 1}),
        (Record("R", {"ok": True}), Record("R", {"ok": False})),
        (Opaque("f"), None),
        (10**400, 10**400 + 1),
        (Record("R", {"ok": True, "more": 1}), Record("R", {"ok": True})),
    ],
)
def test_not_alike(one, other):
    assert not Likeness(1e-11)(one, other)


@pytest.mark.parametrize(("one", "other"), [(2, 2.0), ([1, 2.0], [1.0, 2.0]), (np.array(1.0), 1.0)])
def test_types_count_where_a_type_was_refused(one, other):
    assert Likeness(1e-11)(one, other)
    assert not Likeness(1e-11, typed=True)(one, other)
    assert Likeness(1e-11, typed=True)(one, one)


@pytest.mark.parametrize(("one", "other"), [(2, np.int64(2)), ((1, [2]), (1, [np.int64(2)])), (2.0, np.float64(2.0))])
def test_a_scalar_of_numpy_counts_where_it_was_refused(one, other):
    assert Likeness(1e-11, typed=True)(one, other)
    assert not Likeness(1e-11, typed=True, exactly=True)(one, other)
    assert Likeness(1e-11, typed=True, exactly=True)(other, other)


@pytest.mark.parametrize(
    ("one", "other"), [(0.0, -0.0), (np.array([1.0, 0.0]), np.array([1.0, -0.0])), ([2, -0.0], [2, 0.0])]
)
def test_the_sign_of_zero_counts_where_nothing_else_was_refused(one, other):
    assert Likeness(1e-11, typed=True)(one, other)
    assert not Likeness(1e-11, typed=True, exactly=True)(one, other)
    assert Likeness(1e-11, typed=True, exactly=True)(other, other)


def test_small_numbers_count_where_they_were_compared():
    assert not Likeness(1e-11)(1e-9, 1e-9 + 1e-16)
    assert Likeness(1e-11, scale=1e-4)(1e-9, 1e-9 + 1e-16), "what cancellation leaves"


# ---------------------------------------------------------------- what right code may do otherwise


def recorded(
    reply=None, *, call=("call", "f", (3,), {}), name="test_f", failed=True, seconds=0.0, accepts=(), least=0.0
):
    return Recorded(name, failed, seconds, [encode(call)], [reply], 1e-11, 1e-6, list(accepts), False, least)


def raised(*bases):
    return {"status": "raised", "type": bases[0], "bases": list(bases)}


def test_exceptions_that_the_property_accepts_are_one():
    one, other = raised("KeyError", "LookupError"), raised("OwnError", "IndexError", "LookupError")
    assert not Comparison().same("call", "f", one, other, recorded())
    assert Comparison().same("call", "f", one, other, recorded(accepts=("KeyError", "IndexError")))
    assert not Comparison().same("call", "f", one, raised("TypeError"), recorded(accepts=("KeyError", "IndexError")))


@pytest.mark.parametrize(("bytes_", "failed", "alike"), [(1900, True, True), (2100, True, False), (9000, False, True)])
def test_a_cost_tells_where_it_was_too_much(bytes_, failed, alike):
    ours, theirs = ({"status": "ok", "value": value} for value in (1000, bytes_))
    for one, other in ((ours, theirs), (theirs, ours)):
        assert Comparison().same("probe", "peak_bytes", one, other, recorded(failed=failed)) is alike


def test_entries_left_aside_or_in_any_order():
    how = Comparison(frozenset({"seen.first"}), frozenset({"seen.asked"}))

    def same(ours, theirs):
        return how.same("probe", "seen", {"status": "ok", "value": ours}, {"status": "ok", "value": theirs}, recorded())

    assert same({"first": 1, "asked": [1.0, 2.0], "x": 3}, {"first": 2, "asked": [2.0, 1.0], "x": 3})
    assert not same({"first": 1, "asked": [1.0, 2.0], "x": 3}, {"first": 1, "asked": [1.0, 2.0], "x": 4})
    assert not same({"asked": [1.0, 1.0]}, {"asked": [1.0, 2.0]})
    assert not same({"asked": [1.0]}, {"asked": [1.0, 1.0]})


def test_freedoms_are_read(tmp_path):
    file = tmp_path / "freedoms.toml"
    assert load_freedoms(file) == Freedoms()
    file.write_text('choice = ["test_a"]\naside = ["p.x"]\n[rtol]\ntest_b = 1e-8\n', encoding="utf-8")
    assert load_freedoms(file) == Freedoms(frozenset({"test_a"}), {"test_b": 1e-8}, ("p.x",))
    file.write_text('errors = ["test_c"]\n', encoding="utf-8")
    assert load_freedoms(file) == Freedoms(errors=frozenset({"test_c"}))
    file.write_text('choices = ["test_a"]\n', encoding="utf-8")
    with pytest.raises(ContentError, match="choices"):
        load_freedoms(file)


# ---------------------------------------------------------------- versions


SOURCE = "def f(x):\n    return 2 * x\n"


@pytest.fixture
def versions():
    """The reference doubles; the mistakes: 3 * x, -2 * x, one that cannot be made, one that hangs."""

    def answer(module, request):
        return {"status": "ok", "value": module.f(*request[3])}

    made = Versions("minillm.replayed", answer)
    edits = [("2 * x", "3 * x"), ("2 * x", "-2 * x"), ("not there", ""), ("return 2 * x", "while x: pass")]
    made.add(SOURCE, *[[edit] for edit in edits])
    made.begin([], [])
    return made


@pytest.fixture
def tried(monkeypatch):
    """What is tried on which version: the name of an example's property, and the version."""
    found, alike = [], Versions.alike

    def noted(self, version, example):
        found.append((example.name, version))
        return alike(self, version, example)

    monkeypatch.setattr(Versions, "alike", noted)
    return found


def told(x, answer, **how):
    return recorded({"status": "ok", "value": answer}, call=("call", "f", (x,), {}), **how)


def considered(versions, *examples):
    for example in examples:
        versions.consider(tuple(getattr(example, name) for name in Recorded.__slots__))
    return versions.found(next((example.name for example in examples if example.failed), ""))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="nothing interrupts a loop here; the judge gives it up")
def test_what_answers_alike_is_left(versions):
    began = time.monotonic()
    found = considered(versions, told(0, 0), told(1, 3), told(2, 6, failed=False))
    assert found["left"] == [1]
    assert time.monotonic() - began < 2, "the one that hangs is given up"


def test_right_answers_are_nobodys(versions):
    versions.add([("2 * x", "2.0 * x")])
    versions.begin([], [])
    assert considered(versions, told(1, 2), told(3, 6))["left"] == []
    versions.begin([], [])
    assert considered(versions, told(1, 2.0), told(3, 6.0))["left"] == [5], "the type was wrong"


def test_a_scalar_of_numpy_that_was_refused_tells_the_mistake(versions):
    versions.add([("def f", "import numpy\n\n\ndef f"), ("return 2 * x", "return numpy.int64(2 * x)")])
    versions.begin([], [])
    passed = told(5, 10, name="test_g", failed=False)
    assert considered(versions, told(1, np.int64(2)), told(3, np.int64(6)), passed)["left"] == [5]


def test_what_failed_by_little_is_told_by_the_propertys_own_tolerance(versions):
    versions.add([("2 * x", "2 * x * (1 + 1e-13)")])
    versions.begin([], [])
    little, passed = 6 * (1 + 1e-13), told(5.0, 10.0, name="test_g", failed=False)
    found = considered(versions, told(3.0, little), passed)
    assert found["left"] == found["like_first"] == [5]
    versions.begin([], [])
    assert considered(versions, told(3.0, little, least=1e-12), passed)["left"] == []


def test_what_is_like_right_code_is_no_rival(versions):
    versions.add([("2 * x", "2 * x * (1 + 1e-13) if x > 2 else 3 * x")], [("2 * x", "2 * x if x < 5 else 0")])
    versions.begin([], [])
    found = considered(versions, told(3.0, 6 * (1 + 1e-13)), told(1, 3))
    assert found["left"] == found["like_first"] == [5], "version 6 differs from it, by little"


def test_what_explains_one_property_is_noted_when_nothing_explains_all(versions):
    found = considered(versions, told(1, 3, name="test_a"), told(1, -2, name="test_b"), told(2, 5, name="test_c"))
    assert found["left"] == []
    assert found["partly"] == {"test_a": [1], "test_b": [2]}
    assert not versions.fits(1)


def test_dear_examples_wait_for_few(versions, tried):
    dear = told(0, 0, seconds=0.6, name="test_dear", failed=False)
    found = considered(versions, dear, told(1, 3))
    assert found["left"] == [1]
    assert [version for name, version in tried if name == "test_dear"] == [1], "the others were rejected for less"


def put(versions, *examples):
    versions.consider(*(tuple(getattr(example, name) for name in Recorded.__slots__) for example in examples))


def test_what_passed_waits_while_many_versions_are_left(versions, tried):
    put(versions, told(2, 4, name="test_passed", failed=False))
    assert not [version for name, version in tried if name == "test_passed"]
    put(versions, told(1, 3), told(3, 9))
    assert {version for name, version in tried if name == "test_passed"} <= {1, 4}, "4 hangs, and is given up last"
    assert ("test_passed", 1) in tried


def test_what_waits_is_tried_while_nobody_asks(versions, tried):
    put(versions, told(1, 3), told(5, 15, name="test_waits", seconds=0.15))
    assert ("test_waits", 1) not in tried
    versions.go_on(lambda: True)
    assert ("test_waits", 1) not in tried, "somebody asks"
    versions.go_on(lambda: False)
    assert ("test_waits", 1) in tried
    assert versions.found("test_f")["left"] == [1]
    assert tried.count(("test_waits", 1)) == 1


def test_what_would_take_long_waits_while_many_versions_are_left(versions, tried):
    versions.add([("2 * x", "4 * x")], [("2 * x", "5 * x")])
    versions.begin([], [])
    put(versions, told(0, 0), told(0, 0, name="test_long", seconds=0.4, failed=False))
    versions.go_on(lambda: False)
    assert "test_long" not in dict(tried)
    put(versions, told(1, 3))
    versions.go_on(lambda: False)
    assert [version for name, version in tried if name == "test_long"] == [1], "it is the last: it must be tried anyway"


def test_a_probe_that_collects_what_is_left_behind_passes_over_the_versions(versions):
    """With a hundred of them, a collection took as long as the probe's own work."""
    frozen = gc.get_freeze_count()
    assert frozen
    versions.forget()
    assert gc.get_freeze_count() < frozen, "of the last diagnosis nothing is kept for ever"


def test_what_raises_meanwhile_still_counts(versions, monkeypatch):
    put(versions, told(1, 3), told(5, 14, name="test_waits", seconds=0.15))
    alike = Versions.alike

    def broken(self, version, example):
        raise RuntimeError

    monkeypatch.setattr(Versions, "alike", broken)
    versions.go_on(lambda: False)
    monkeypatch.setattr(Versions, "alike", alike)
    assert versions.found("test_f")["left"] == []


def test_like_the_first_is_said_of_the_failure_that_is_shown(versions):
    versions.add([("2 * x", "3 * x if x < 2 else 7")])
    versions.begin([], [])
    put(versions, told(5, 15, name="test_later"), told(1, 3, name="test_shown"))
    assert set(versions.found("test_shown")["like_first"]) == {1, 5}


def test_a_version_that_is_never_run_is_never_made(versions):
    versions.begin([], [])
    assert all(isinstance(made, list) for made in versions._made[1:3])
    put(versions, told(1, 3))
    assert not any(isinstance(made, list) for made in versions._made[1:3])


def test_what_a_passing_call_costs_is_not_measured_again(versions):
    def answer(module, request):
        raise AssertionError("it need not be asked")

    made = Versions("minillm.replayed", answer)
    passed = recorded({"status": "ok", "value": 1}, call=("probe", "peak_bytes", ("f", (1,)), {}), failed=False)
    made.add(SOURCE)
    made.begin([], [])
    assert made.alike(0, passed)


def test_what_ended_in_an_exception_is_not_refused_for_a_type(versions, tried):
    put(versions, told(1, 3))
    tried.clear()
    put(versions, recorded(raised("ValueError"), call=("call", "f", (2,), {})))
    assert ("test_f", 0) not in tried, "the reference says nothing of it"


def test_those_like_the_first_failure_are_known_though_it_is_dear(versions):
    versions.add([("2 * x", "3 * x if x < 2 else 7")], [("2 * x", "4 * x if x == 1 else 3 * x")])
    versions.begin([], [])
    found = considered(versions, told(1, 3, seconds=0.6, name="test_dear"), told(5, 15), told(2, 6))
    assert found["left"] == [1]
    assert set(found["like_first"]) == {1, 5}, "one that other examples rejected answers the first alike"


def test_of_a_first_failure_that_is_too_dear_only_the_nearest_are_told(versions):
    versions.add([("2 * x", "3 * x if x < 2 else 7")], [("2 * x", "3 * x if x < 5 else 7")])
    versions.begin([], [])
    found = considered(versions, told(1, 3, seconds=1.2, name="test_dear"), told(2, 6), told(5, 15))
    assert found["left"] == [1]
    assert found["like_first"] == [1, 6], "the last to be rejected"


def test_a_dear_failure_explains_nothing_alone(versions):
    """When nothing explains all, what explains a property is told by its cheap examples, if it has some."""
    dear = told(1, 3, name="test_a", seconds=0.9)
    assert considered(versions, dear, told(2, 5, name="test_b"))["partly"] == {}
    versions.begin([], [])
    assert considered(versions, dear, told(2, 6, name="test_a"), told(2, 5, name="test_b"))["partly"] == {"test_a": [1]}


def test_one_more_example(versions):
    example = told(1, 3)
    assert versions.like([0, 1, 2], tuple(getattr(example, name) for name in Recorded.__slots__)) == [1]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="nothing interrupts a loop here; the judge gives it up")
def test_a_slow_first_call_is_forgiven(versions, monkeypatch):
    """A library may prepare something at its first use; what hangs, hangs again."""
    monkeypatch.setattr(trial, "AT_LEAST", 0.05)
    monkeypatch.setattr(trial, "SLOWER", 1.0)
    slow = "if 'been' not in globals():\n        globals()['been'] = 1\n        while x: pass\n    return 5 * x"
    versions.add([("return 2 * x", slow)])
    versions.begin([], [])
    assert considered(versions, told(1, 5), told(2, 10))["left"] == [5]
