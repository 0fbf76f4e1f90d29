"""The finished layers of stage 2, called as CS336's assignment 1 calls them, against PyTorch's own functions.

So it is shown, too, that what the graders hold to be right is what PyTorch computes. What runs is our reference; a
learner's package has passed the same graders.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course.content import Content
from course.grading.child import package_finder
from course.grading.judge import reference_modules

torch = pytest.importorskip("torch", reason="PyTorch is an extra: stages F and 1 do without it")
F = torch.nn.functional

sys.path.insert(0, str(Path(__file__).parent))
import transformer_adapter as adapter  # noqa: E402 - beside the tests, not installed

ROOT = Path(__file__).parents[2]
D, HEADS, D_FF, T, MOST, THETA = 12, 3, 20, 7, 16, 10_000.0


@pytest.fixture(scope="module", autouse=True)
def minillm() -> Iterator[None]:
    """The finished package in place of a learner's, for the tests of this file alone."""
    finder = package_finder({name: str(path) for name, path in reference_modules(Content(ROOT)).items()})
    sys.meta_path.insert(0, finder)
    yield
    sys.meta_path.remove(finder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "minillm"]:
        del sys.modules[name]


@pytest.fixture
def draw() -> Any:
    generator = torch.Generator().manual_seed(2026)
    return lambda *shape: torch.randn(*shape, generator=generator)


def near(got: Any, expected: Any) -> None:
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def turned(x: Any, positions: Any) -> Any:
    """RoPE by complex numbers; positions broadcast against x without its last axis."""
    angles = positions[..., None] * THETA ** (-torch.arange(0, x.shape[-1], 2) / x.shape[-1])
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


def attended(x: Any, q: Any, k: Any, v: Any, o: Any, positions: Any = None) -> Any:
    queries, keys, values = ((x @ w.T).unflatten(-1, (HEADS, -1)).transpose(-2, -3) for w in (q, k, v))
    if positions is not None:
        queries, keys = turned(queries, positions), turned(keys, positions)
    out = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
    return out.transpose(-2, -3).flatten(-2) @ o.T


def test_the_layers(draw: Any) -> None:
    x, w, table, g = draw(2, T, D), draw(5, D), draw(9, D), draw(D)
    near(adapter.run_linear(D, 5, w, x), F.linear(x, w))
    ids = torch.tensor([[8, 0, 3], [3, 3, 1]])
    near(adapter.run_embedding(9, D, table, ids), F.embedding(ids, table))
    near(adapter.run_rmsnorm(D, 1e-5, g, x), F.rms_norm(x, (D,), g, 1e-5))
    w1, w2, w3 = draw(D_FF, D), draw(D, D_FF), draw(D_FF, D)
    near(adapter.run_swiglu(D, D_FF, w1, w2, w3, x), F.linear(F.silu(F.linear(x, w1)) * F.linear(x, w3), w2))


def test_attention_with_a_mask_and_leading_axes(draw: Any) -> None:
    q, k, v = draw(2, HEADS, 4, 8), draw(2, HEADS, 6, 8), draw(2, HEADS, 6, 5)
    mask = torch.rand(2, 1, 4, 6, generator=torch.Generator().manual_seed(1)) < 0.6
    mask[..., 0] = True
    near(adapter.run_scaled_dot_product_attention(q, k, v, mask), F.scaled_dot_product_attention(q, k, v, mask))


def test_rope(draw: Any) -> None:
    x = draw(2, T, 4)
    for positions in (torch.arange(T), torch.tensor([[3, 1, 4, 1, 5, 9, 2]]), torch.arange(2 * T).reshape(2, T) % MOST):
        near(adapter.run_rope(4, THETA, MOST, x, positions), turned(x, positions))


def test_heads(draw: Any) -> None:
    x, weights = draw(2, T, D), [draw(D, D) / D**0.5 for _ in range(4)]
    near(adapter.run_multihead_self_attention(D, HEADS, *weights, x), attended(x, *weights))
    for positions in (None, torch.arange(T) + 2):
        got = adapter.run_multihead_self_attention_with_rope(D, HEADS, MOST, THETA, *weights, x, positions)
        near(got, attended(x, *weights, torch.arange(T) if positions is None else positions))


def test_a_block_loads_the_contract_s_keys(draw: Any) -> None:
    x = draw(2, T, D)
    weights = {f"attn.{name}.weight": draw(D, D) / 4 for name in ("q_proj", "k_proj", "v_proj", "output_proj")}
    weights |= {f"ln{n}.weight": draw(D) for n in (1, 2)}
    weights |= {f"ffn.w{n}.weight": draw(*((D, D_FF) if n == 2 else (D_FF, D))) / 4 for n in (1, 2, 3)}
    z = F.rms_norm(x, (D,), weights["ln1.weight"], 1e-5)
    attn = [weights[f"attn.{name}.weight"] for name in ("q_proj", "k_proj", "v_proj", "output_proj")]
    h = x + attended(z, *attn, torch.arange(T))
    z = F.rms_norm(h, (D,), weights["ln2.weight"], 1e-5)
    gate = F.silu(F.linear(z, weights["ffn.w1.weight"])) * F.linear(z, weights["ffn.w3.weight"])
    near(
        adapter.run_transformer_block(D, HEADS, D_FF, MOST, THETA, weights, x),
        h + F.linear(gate, weights["ffn.w2.weight"]),
    )
    with pytest.raises(RuntimeError, match="Missing key"):
        adapter.run_transformer_block(D, HEADS, D_FF, MOST, THETA, {"ln1.weight": weights["ln1.weight"]}, x)
