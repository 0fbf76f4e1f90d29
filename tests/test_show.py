"""A failing call, shown as Python that can be typed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from grading_helpers import brief

from course.grading.exchange import Exchange
from course.grading.show import show_exchange, show_value
from course.grading.wire import Opaque, Tensor

TYPED_BACK = [
    1, -2.5, "it's", b"\x00", None, True, [1, 2.5, "a"], (1,), (), {"a": 1}, float("inf"), float("nan"), -float("inf"),
    [float("nan")], np.float64(1.5), np.int64(3), np.array([1.0, 2.5]), np.array([[1, 2], [3, 4]]), np.array(2.0),
    np.array([1.5], np.float32), np.array([1, 2], np.int32), np.array([True, False]), np.array([np.nan, np.inf,
    -np.inf]),
    np.array([1 + 2j]), np.zeros((0, 3)), np.zeros(0, np.int64), {"w": np.array([1.0, 2.0])}, [np.array([1, 2]), None],
    {"n": {"m": (np.array([0.5]),)}}, np.array([1e-300, 1e20]), {1, 2},
]  # fmt: skip


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and np.array_equal(one, other, equal_nan="U" not in str(one.dtype))
        )
    if isinstance(one, dict):
        return set(one) == set(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (math.isnan(one) and math.isnan(other))


@pytest.mark.parametrize("value", TYPED_BACK, ids=brief)
def test_a_shown_value_can_be_typed_back(value: Any) -> None:
    assert same(value, eval(show_value(value), {"np": np}))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([1.0, 2.5]), "np.array([1., 2.5])"),
        (np.array([1, 2], np.int8), "np.array([1, 2], np.int8)"),
        (np.zeros((5, 7)), "<array of shape (5, 7)>"),
        (np.zeros(30), "<array of shape (30,)>"),
        (Tensor(np.ones(1)), "tensor(np.array([1.]))"),
        (list(range(30)), f"[{', '.join(map(str, range(24)))}, …]"),
        ("a" * 300, f"'{'a' * 159}… (302 characters)"),
        (Opaque("a.B"), "<an object of type a.B>"),
        (10**5000, "<an int of 16,610 bits>"),
        ([10**5000], "[<an int of 16,610 bits>]"),
    ],
    ids=brief,
)
def test_a_long_value_is_said_to_be_shortened(value: Any, text: str) -> None:
    assert show_value(value) == text


@pytest.mark.parametrize(
    ("exchange", "text"),
    [
        (Exchange("call", "softmax", (np.array([1.0]),), {"axis": -1}), "softmax(np.array([1.]), axis=-1)"),
        (Exchange("call", "f", (), {}), "f()"),
        (Exchange("load", "", (), {}), ""),
        (Exchange("probe", "train", (3,), {"lr": 0.1}), "train(3, lr=0.1)"),
        (Exchange("probe", "train", (3,), {}, shown="Trainer(3).fit()"), "Trainer(3).fit()"),
        (Exchange("probe", "forward_backward", ("relu", "relu_backward", (1.0,), 2.0), {}), "relu(1.0, dy=2.0)"),
        (Exchange("probe", "purity", ("relu", (1.0, 2)), {"k": 1}), "relu(1.0, 2, k=1)"),
        (Exchange("probe", "peak_bytes", ("relu", [1.0]), {}), "relu(1.0)"),
        (Exchange("probe", "call_count", ("fit", "step", (3,)), {}), "fit(3)"),
    ],
    ids=brief,
)
def test_a_call_is_shown_as_the_learner_would_write_it(exchange: Exchange, text: str) -> None:
    assert show_exchange(exchange) == text


def test_a_general_probe_called_otherwise_is_still_shown() -> None:
    """By keyword, for one: showing a call must never be what fails."""
    assert "relu" in show_exchange(Exchange("probe", "purity", (), {"name": "relu", "args": (1,)}))
    assert "relu" in show_exchange(Exchange("probe", "forward_backward", ("relu", "b"), {"args": (1,), "upstream": 2}))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("e\u0301", r"'e\u0301'"), ("\u00e9", "'\u00e9'"), ("a\U0001e8d0", r"'a\U0001e8d0'"), ("\u200d", r"'\u200d'")],
)
def test_marks_that_hide_in_a_letter_are_written_out(text, shown):
    assert show_value(text) == shown
