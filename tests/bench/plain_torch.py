"""The three claims of the torch fixture as anybody would write them: one process, plain pytest. A yardstick."""

import importlib.util
from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

_PATH = Path(__file__).parents[1] / "fixtures" / "torch" / "graders" / "layers" / "standardise" / "reference.py"
_SPEC = importlib.util.spec_from_file_location("standardise", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
standardise = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(standardise)

FEW = settings(max_examples=50, deadline=None)


@st.composite
def matrices(draw):
    n, d = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return np.random.default_rng(draw(st.integers(0, 2**20))).normal(size=(n, d))


@FEW
@given(matrices(), st.sampled_from([1e-5, 0.25]))
def test_standardise(x, eps):
    centred = x - x.mean(-1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps)
    np.testing.assert_allclose(standardise.standardise(torch.from_numpy(x), eps).numpy(), expected, atol=1e-12)


@FEW
@given(matrices())
def test_the_mean_of_a_row_is_zero(x):
    found = standardise.standardise(torch.from_numpy(x), 1e-5).numpy()
    np.testing.assert_allclose(found.mean(-1), np.zeros(len(x)), atol=1e-12)


@FEW
@given(matrices())
def test_rescale(x):
    gain, bias = x[0], x[-1]
    found = standardise.rescale(torch.from_numpy(x), torch.from_numpy(gain), torch.from_numpy(bias)).numpy()
    np.testing.assert_allclose(found, x * gain + bias, atol=1e-12)
