"""The general probes, on small modules: what they bring back, and that they leave the module as it was."""

from __future__ import annotations

import random
import sys
import types
from typing import Any

import numpy as np
import pytest

from course.grading import probes


def module(source: str) -> types.ModuleType:
    made = types.ModuleType("minillm.alpha")
    vars(made).update(np=np, random=random)
    exec(source, vars(made))
    return made


# ---------------------------------------------------------------- looking names up


def test_a_function_is_found_by_its_dotted_name() -> None:
    made = module("def f(): return 1\nclass A:\n    @staticmethod\n    def g(): return 2\nvalue = 3")
    assert probes.find_function(made, "f")() == 1
    assert probes.find_function(made, "A.g")() == 2
    for name in ("missing", "A.missing", "value", "value.real", "f.missing"):
        with pytest.raises(probes.MissingName, match=name):
            probes.find_function(made, name)


# ---------------------------------------------------------------- forward, backward

PAIR = """
def forward(x, w, scale=1.0):
    return scale * x * w, (x, w, scale)
def backward(dy, cache):
    x, w, scale = cache
    return dy * w * scale, dy * x * scale
def two(x):
    return x, -x, "cache"
def two_backward(dys, cache):
    return (dys, cache)
"""


def test_forward_backward_keeps_the_cache_over_there() -> None:
    made = module(PAIR)
    out, grads = probes.forward_backward(made, "forward", "backward", (2.0, 3.0), 10.0, scale=2.0)
    assert (out, grads) == (12.0, (60.0, 40.0))
    assert probes.forward_backward(made, "two", "two_backward", (1,), 5) == ((1, -1), (5, "cache"))


def test_forward_backward_says_which_name_is_missing() -> None:
    with pytest.raises(probes.MissingName, match="nothing"):
        probes.forward_backward(module(PAIR), "forward", "nothing", (2.0, 3.0), 1.0)


# ---------------------------------------------------------------- purity


@pytest.mark.parametrize(
    ("source", "changed", "moved"),
    [
        ("def f(x, y): return x + y", [], False),
        ("def f(x, y):\n    x += 1\n    return x", [0], False),
        ("def f(x, y):\n    y[0] = x[0] = 7", [0, 1], False),
        ("def f(x, y):\n    x.sort()", [0], False),
        ("def f(x, y): return np.random.normal()", [], True),
        ("def f(x, y): return random.random()", [], True),
        ("def f(x, y): return np.random.default_rng(1).normal()", [], False),
        ("def f(x, y):\n    x += 1\n    x -= 1\n    return y", [], False),
    ],
)
def test_purity_names_what_a_call_changed(source: str, changed: list[int], moved: bool) -> None:
    got = probes.purity(module(source), "f", (np.array([3.0, 1.0]), np.array([2.0, 2.0])))
    assert (got["changed"], got["random"]) == (changed, moved)


def test_purity_calls_twice_with_the_same_inputs() -> None:
    source = "calls = []\ndef f(x, k=0):\n    calls.append((x.tolist(), k))\n    x[:] = 0\n    return x"
    made = module(source)
    got = probes.purity(made, "f", (np.array([1.0, 2.0]),), k=5)
    assert got["changed"] == [0]
    assert made.calls[0] == ([1.0, 2.0], 5)
    # the second call shows whether a result is the input itself, spoiled by the first
    assert got["first"].tolist() == [0.0, 0.0]


def test_a_result_that_changes_later_is_kept_as_it_was() -> None:
    source = "buffer = np.zeros(1)\ndef f(x):\n    buffer[0] += x\n    return buffer"
    got = probes.purity(module(source), "f", (1.0,))
    assert (got["first"].tolist(), got["second"].tolist()) == ([1.0], [2.0])


# ---------------------------------------------------------------- counting


def test_call_count_counts_and_puts_the_function_back() -> None:
    made = module("def step(x): return x + 1\ndef fit(n):\n    for _ in range(n): step(_)\n    return n")
    step = made.step
    assert probes.call_count(made, "fit", "step", (4,)) == 4
    assert probes.call_count(made, "step", "step", (1,)) == 1
    assert made.step is step


def test_call_count_puts_the_function_back_after_an_exception() -> None:
    made = module("def step(): raise ZeroDivisionError\ndef fit(): step()")
    step = made.step
    with pytest.raises(ZeroDivisionError):
        probes.call_count(made, "fit", "step", ())
    assert made.step is step


@pytest.mark.parametrize(
    ("source", "least", "most"),
    [
        ("def f(n): return np.zeros(n)", 8e6, 9e6),
        ("def f(n):\n    big = np.ones(n)\n    return float(big.sum())", 8e6, 9e6),
        ("def f(n): return sum(range(n))", 0, 1e5),
        ("def f(n):\n    for _ in range(4):\n        yield np.zeros(n // 4)", 2e6, 5e6),
    ],
)
def test_peak_bytes(source: str, least: float, most: float) -> None:
    assert least <= probes.peak_bytes(module(source), "f", (1_000_000,)) <= most


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def f(n):\n    for _ in range(n):\n        pass", 2),
        ("def f(n):\n    return [k for k in range(n)]", 1),
        ("def f(n):\n    for k in range(n):\n        yield k", 2),
        ("def f(n):\n    return sorted(range(n))", 0),
    ],
)
def test_line_count_grows_by_the_lines_of_each_pass(source: str, lines: int) -> None:
    few, many = (probes.line_count(module(source), "f", (n,)) for n in (100, 1100))
    assert (many - few) / 1000 == lines


def test_counting_lines_counts_only_the_learners_and_returns_the_result() -> None:
    made = module("def f(n): return sum(range(n))")
    assert probes.counting_lines(lambda: [made.f(4) for _ in range(100)]) == ([6] * 100, 100)
    assert sys.gettrace() is None


def test_counting_lines_stops_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError):
        probes.line_count(module("def f(): 1 / 0"), "f", ())
    assert sys.gettrace() is None


def test_peak_bytes_stops_counting_after_an_exception() -> None:
    import tracemalloc

    with pytest.raises(ZeroDivisionError):
        probes.peak_bytes(module("def f(): 1 / 0"), "f", ())
    assert not tracemalloc.is_tracing()


# ---------------------------------------------------------------- for authors


def test_examples_of_a_docstring_are_run() -> None:
    made: Any = module("def double(x): return 2 * x")
    assert probes.run_examples(made, ">>> double(2)\n4\n>>> np.zeros(2)\narray([0., 0.])", "double") == []
    (failed,) = probes.run_examples(made, ">>> double(2)\n5", "double")
    assert "Expected:\n    5\nGot:\n    4" in failed


def test_the_python_of_a_lesson_is_run() -> None:
    made = module("")
    assert probes.run_source(made, "x = np.ones(2)\nassert x.sum() == 2") == ""
    assert probes.run_source(made, "np.ones(2) @ np.ones(3)").startswith("ValueError: ")
    assert probes.run_source(made, "def f(:").startswith("SyntaxError: ")
