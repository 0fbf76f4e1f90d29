"""Gradients against finite differences and a complex step; wrong ones are named with the pattern of their error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from course.grading import gradients
from course.grading.check import Mismatch
from course.grading.strategies import normal, upstream


def linear(x: Any, w: Any, b: Any) -> Any:
    return x @ w + b


def example(seed: int = 0, shape: tuple[int, int, int] = (2, 3, 3)) -> tuple[tuple[Any, ...], Any, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    n, d, m = shape
    args = normal(rng, (n, d)), normal(rng, (d, m)), normal(rng, (m,))
    dy = upstream(rng, (n, m))
    return args, dy, {"dx": dy @ args[1].T, "dw": args[0].T @ dy, "db": dy.sum(axis=0)}


def test_the_stencil_is_exact_enough() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 2))
    for f, derivative in ((np.tanh, 1 - np.tanh(x) ** 2), (np.exp, np.exp(x)), (np.sin, np.cos(x))):
        dy = upstream(rng, (3, 2))
        assert np.max(np.abs(gradients.numerical(f, (x,), 0, dy) - dy * derivative)) < 1e-9


def test_a_complex_step_is_exact() -> None:
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(3, 2)), upstream(rng, (3, 2))
    for f, derivative in ((np.tanh, 1 - np.tanh(x) ** 2), (np.exp, np.exp(x)), (np.sin, np.cos(x))):
        assert np.allclose(gradients.analytic(f, (x,), 0, dy), dy * derivative, rtol=1e-14, atol=1e-14)
    deep = gradients.analytic(lambda one: np.tanh(one * 1e4) ** 3 * 1e9, (np.array(1e-5),), 0, 1.0)
    assert deep == pytest.approx(3e13 * np.tanh(0.1) ** 2 * (1 - np.tanh(0.1) ** 2), rel=1e-13)


def test_a_complex_step_takes_one_argument_of_several_and_leaves_them() -> None:
    args, dy, right = example()
    before = [argument.copy() for argument in args]
    for place, name in enumerate(right):
        assert np.allclose(gradients.analytic(linear, args, place, dy), right[name], rtol=1e-13, atol=1e-13)
    assert all(np.array_equal(one, other) for one, other in zip(args, before, strict=True))
    assert gradients.analytic(lambda one: one.sum(), (np.zeros((0, 3)),), 0, 1.0).shape == (0, 3)
    assert gradients.analytic(lambda one: one**3, (2.0,), 0, 1.0) == pytest.approx(12.0, rel=1e-15)


def test_one_gradient_against_what_is_known() -> None:
    expected = np.array([1.0, 2.0, 0.0])
    gradients.close_to(expected * (1 + 1e-15), expected, "x.grad")
    with pytest.raises(Mismatch) as caught:
        gradients.close_to(2 * expected, expected, "x.grad")
    assert caught.value.failure.summary.startswith("x.grad")
    assert "every element is 2 × what it should be" in caught.value.failure.detail


def test_numerical_leaves_its_arguments_and_takes_scalars() -> None:
    x = np.ones((2, 2))
    gradients.numerical(lambda one: one**2, (x,), 0, 1.0)
    assert np.array_equal(x, np.ones((2, 2)))
    assert gradients.numerical(lambda one: one**3, (2.0,), 0, 1.0) == pytest.approx(12.0, rel=1e-10)
    assert gradients.numerical(lambda one: one.sum(), (np.zeros((0, 3)),), 0, 1.0).shape == (0, 3)


@pytest.mark.parametrize("seed", range(5))
def test_right_gradients_pass(seed: int) -> None:
    args, dy, right = example(seed)
    gradients.close(right, linear, args, dy)
    gradients.close({"db": right["db"], "dx": right["dx"]}, linear, args, dy, places={"dx": 0, "db": 2})


WRONG = {
    "zero": ("dw", np.zeros_like, "the whole gradient is zero"),
    "twice": ("dx", lambda g: 2 * g, "every element is 2 × what it should be"),
    "sign": ("dx", lambda g: -g, "the sign is turned, everywhere"),
    "mean": ("db", lambda g: g / 2, "every element is 1/2 × what it should be"),
    "transposed": ("dw", lambda g: g.T.copy(), "it is the transpose of what it should be"),
    "shape": ("db", lambda g: g[None], "one axis too many"),
    "one element": ("dx", lambda g: g + np.eye(*g.shape) * 1e-6, "largest error 1e-06"),
    "dtype": ("dx", lambda g: g.astype(np.float32), "has dtype float32, expected float64"),
    "NaN": ("dx", lambda g: g * np.nan, "is NaN"),
    "None": ("dw", lambda g: None, "dw is None"),
    "list": ("dw", lambda g: g.tolist(), "expected an array"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_gradient_is_named_with_its_pattern(name: str) -> None:
    which, spoil, says = WRONG[name]
    args, dy, right = example()
    with pytest.raises(Mismatch) as caught:
        gradients.close(right | {which: spoil(right[which])}, linear, args, dy)
    failure = caught.value.failure
    assert failure.summary.startswith(which)
    assert says in "\n".join([failure.summary, *failure.detail])


def test_a_gradient_that_is_zero_by_symmetry_may_be_zero() -> None:
    x = np.array([1.0, 2.0])
    gradients.close({"dx": np.zeros(2)}, lambda one: one - one, (x,), np.ones(2))
    with pytest.raises(Mismatch):
        gradients.close({"dx": np.full(2, 1e-6)}, lambda one: one - one, (x,), np.ones(2))


def test_no_pattern_is_claimed_where_there_is_none() -> None:
    expected = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert gradients.explain(expected + np.eye(2), expected) == ""
    assert gradients.explain(np.array([2.0]), np.array([1.0])) == ""  # one element is no pattern
    assert gradients.explain(np.zeros(2), np.zeros(2)) == ""
    assert gradients.explain(object(), expected) == ""


def test_a_map_shows_where_a_gradient_is_wrong() -> None:
    expected = np.arange(1.0, 7.0).reshape(2, 3) ** 2
    got = expected.copy()
    got[1] += [1.0, 0.0, np.nan]
    assert gradients.heat_map(got, expected, 1e-6) == ("wrong at █:", "  · · ·", "  █ · █")
    assert gradients.heat_map(got[1], expected[1], 1e-6) == ("wrong at █:", "  █ · █")
    assert gradients.heat_map(expected + 1, expected, 1e-6) == (), "wrong everywhere needs no map"
    assert gradients.heat_map(np.zeros((9, 2)), np.eye(9, 2), 1e-6) == (), "too large to read"
    assert gradients.heat_map(None, expected, 1e-6) == ()


def test_a_gradient_that_is_only_the_upstream_is_named() -> None:
    upstream = np.array([0.5, -2.0, 1.25])
    expected = upstream * np.array([0.1, 0.7, 0.3])
    assert "upstream gradient itself" in gradients.explain(upstream.copy(), expected, upstream)
    assert gradients.explain(upstream.copy(), expected) == ""


def test_a_gradient_that_is_only_the_upstream_is_named_where_it_is_known() -> None:
    upstream = np.array([0.5, -2.0, 1.25])
    with pytest.raises(Mismatch) as caught:
        gradients.close_to(upstream.copy(), upstream * np.array([0.1, 0.7, 0.3]), "dS", upstream=upstream)
    assert "upstream gradient itself" in caught.value.failure.detail[-1]


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(2**0.5, "√2"), (1 / 3**0.5, "1/√3"), (-(64**-0.5), "-1/8"), (-(5**0.5), "-√5"), (1.2345678, "1.23457")],
)
def test_a_factor_that_is_a_root_is_named(ratio: float, said: str) -> None:
    expected = np.array([[0.3, -1.7], [2.0, 0.4]])
    assert gradients.explain(ratio * expected, expected) == f"every element is {said} × what it should be"


def test_two_elements_that_share_a_factor_by_chance_name_nothing() -> None:
    """Of two numbers with the sum 0, as in a layer norm of width 2, every wrong one is some multiple."""
    expected = np.array([1.518, -1.518])
    assert "×" not in gradients.explain(2.296 * expected, expected)
    assert gradients.explain(2 * expected, expected) == "every element is 2 × what it should be"
    three = np.array([1.518, -1.518, 0.7])
    assert gradients.explain(2.296 * three, three) == "every element is 2.296 × what it should be"


def test_a_stack_of_transposes_is_named() -> None:
    expected = np.random.default_rng(3).normal(size=(2, 3, 3))
    said = gradients.explain(expected.swapaxes(-1, -2), expected)
    assert said == "it is the transpose of what it should be: axes 1 and 2 are exchanged"
    assert gradients.explain(expected.T.copy(), expected) == ""


# ---------------------------------------------------------------- patterns of the backward steps to come


def softmax_backward() -> tuple[Any, Any, Any]:
    """The weights, the upstream gradient, and the right gradient of a softmax over rows: p · (dy − Σ p·dy)."""
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(4), size=(2, 3))
    dy = upstream(rng, p.shape)
    return p, dy, p * (dy - (p * dy).sum(-1, keepdims=True))


HEADS = np.random.default_rng(4).normal(size=(2, 3, 5, 4))  # (B, H, T, D)


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (HEADS * 2, HEADS, "every element is 2 ×"),
        (HEADS / 6, HEADS, "every element is 1/6 ×"),
        (HEADS / np.sqrt(8), HEADS, "every element is 1/√8 ×"),
        (HEADS * np.sqrt(8), HEADS, "every element is √8 ×"),
        (-HEADS, HEADS, "the sign is turned"),
        (HEADS * 0, HEADS, "the whole gradient is zero"),
        (HEADS[0, 0, :4].T, HEADS[0, 0, :4], "the transpose"),
        (HEADS[:, :, :4].swapaxes(2, 3), HEADS[:, :, :4], "axes 2 and 3 are exchanged"),
        (HEADS[:, [2, 0, 1]], HEADS, "along axis 1 are right, but in the order [2, 0, 1]"),
        (HEADS, HEADS.sum(0), "its sum over axis 0 is what it should be"),
        (HEADS, HEADS.mean(2), "its mean over axis 2 is what it should be"),
    ],
)
def test_patterns_of_attention(got: Any, expected: Any, said: str) -> None:
    assert said in gradients.explain(got, expected)


def test_rows_that_should_sum_to_zero() -> None:
    p, dy, expected = softmax_backward()
    assert gradients.explain(p * dy, expected) == "along axis 2 it should sum to 0, and does not"
    centred = expected + np.arange(6.0).reshape(2, 3, 1)
    assert "the same number is missing all along it" in gradients.explain(centred, expected)


def test_a_term_that_is_the_same_along_a_row() -> None:
    off = HEADS + HEADS.mean(-1, keepdims=True)
    assert gradients.explain(off, HEADS) == (
        "along axis 3 every element is off by the same number: a term is missing, or too much"
    )


def test_no_pattern_is_not_named() -> None:
    noise = np.random.default_rng(5).normal(size=HEADS.shape)
    assert gradients.explain(HEADS + noise, HEADS) == ""
    assert gradients.explain(HEADS * 1.2345678, HEADS).startswith("every element is 1.23457 ×")
    assert gradients.explain(HEADS * (1 + 1e-8), HEADS) == ""  # computed with too few digits: not "1 ×"
    assert gradients.explain(HEADS[:, :2], HEADS) == ""
    assert gradients.explain(np.full(3, np.nan), np.ones(3)) == ""
