"""What the graders of attention hold to be right agrees with PyTorch, forward and backward, to 1e-10 in float64."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from course.grading import gradients

torch = pytest.importorskip("torch", reason="PyTorch is an extra: the steps of stage 2 in NumPy do without it")

GRADERS = Path(__file__).parents[1] / "graders" / "transformer"
# (leading axes, queries, keys, d_k, d_v)
SHAPES = [((), 2, 2, 4, 3), ((), 1, 1, 1, 1), ((3,), 5, 3, 2, 7), ((2, 3), 4, 6, 8, 5)]


def grader(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"grader_of_{name}", GRADERS / name / f"test_{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def inputs(shape: Any, seed: int) -> tuple[Any, ...]:
    front, queries, keys, d_k, d_v = shape
    rng = np.random.default_rng(seed)
    q, k, v = (rng.normal(size=(*front, *side)) for side in ((queries, d_k), (keys, d_k), (keys, d_v)))
    mask = rng.random((*front, queries, keys)) < 0.5
    mask[..., 0] |= ~mask.any(axis=-1)  # what a row that sees nothing becomes is each library's own affair
    return q, k, v, mask, rng.normal(size=(*front, queries, d_v))


def of_torch(q: Any, k: Any, v: Any, mask: Any, dout: Any) -> tuple[Any, list[Any]]:
    leaves = [torch.tensor(one, requires_grad=True) for one in (q, k, v)]
    attn_mask = None if mask is None else torch.tensor(mask)
    out = torch.nn.functional.scaled_dot_product_attention(*leaves, attn_mask=attn_mask)
    out.backward(torch.tensor(dout))
    return out.detach().numpy(), [leaf.grad.numpy() for leaf in leaves]


def near(got: Any, expected: Any) -> None:
    assert got.shape == expected.shape
    assert float(np.max(np.abs(got - expected), initial=0.0)) < 1e-10


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("place", range(len(SHAPES)))
def test_the_oracles_agree_with_torch(place: int, masked: bool) -> None:
    forward, backward = grader("attention_np"), grader("attention_backward")
    q, k, v, mask, dout = inputs(SHAPES[place], place)
    mask = mask if masked else None
    out, wanted = of_torch(q, k, v, mask, dout)
    slow = forward.attend_slow(q, k, v, mask)
    near(slow.out, out)
    near(backward.attend(q, k, v, mask), out)
    for one, gradient in zip(backward.backward_slow(dout, q, k, v, slow.weights), wanted, strict=True):
        near(one, gradient)
    for order, gradient in enumerate(wanted):
        near(gradients.analytic(lambda *moved: backward.attend(*moved, mask), (q, k, v), order, dout), gradient)


def test_the_slopes_of_softmax_agree_with_torch() -> None:
    backward = grader("attention_backward")
    rng = np.random.default_rng(8)
    s, dp = rng.normal(size=(2, 3, 5)), rng.normal(size=(2, 3, 5))
    leaf = torch.tensor(s, requires_grad=True)
    p = torch.softmax(leaf, -1)
    p.backward(torch.tensor(dp))
    near(backward.softmax_slopes(dp, p.detach().numpy()), leaf.grad.numpy())
    near(gradients.analytic(backward.softmax, (s,), 0, dp), leaf.grad.numpy())


def test_a_row_that_sees_nothing_is_zeros_to_the_oracles() -> None:
    forward, backward = grader("attention_np"), grader("attention_backward")
    q, k, v, mask, dout = inputs(SHAPES[2], 9)
    mask[0, 1] = False
    slow = forward.attend_slow(q, k, v, mask)
    near(backward.attend(q, k, v, mask), slow.out)
    assert not slow.out[0, 1].any() and not slow.weights[0, 1].any()
    dq, dk, dv = backward.backward_slow(dout, q, k, v, slow.weights)
    assert not dq[0, 1].any()
    for order, gradient in enumerate((dq, dk, dv)):
        near(gradients.analytic(lambda *moved: backward.attend(*moved, mask), (q, k, v), order, dout), gradient)
