"""Three of F.1's claims as anybody would write them: one process, plain pytest. The bench's yardstick."""

import importlib.util
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

_PATH = Path(__file__).parents[2] / "graders" / "foundations" / "neuron" / "reference.py"
_SPEC = importlib.util.spec_from_file_location("neuron", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
neuron = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(neuron)


@st.composite
def cases(draw):
    n, d = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    act = draw(st.sampled_from(["sigmoid", "tanh", "identity"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    return rng.normal(size=(n, d)), rng.normal(size=d), float(rng.normal()), act, rng.normal(size=n)


@given(cases())
def test_sigmoid_is_symmetric(case):
    x = case[0]
    np.testing.assert_allclose(neuron.sigmoid(-x), 1 - neuron.sigmoid(x), atol=1e-12)


@given(cases())
def test_db(case):
    x, w, b, act, dy = case
    _, cache = neuron.neuron_forward(x, w, b, act)
    _, _, db = neuron.neuron_backward(dy, cache)
    up, down = (neuron.neuron_forward(x, w, b + h, act)[0] @ dy for h in (1e-5, -1e-5))
    np.testing.assert_allclose(db, (up - down) / 2e-5, atol=1e-6)


@given(cases())
def test_dw(case):
    x, w, b, act, dy = case
    _, cache = neuron.neuron_forward(x, w, b, act)
    _, dw, _ = neuron.neuron_backward(dy, cache)
    for d in range(len(w)):
        h = 1e-5 * np.eye(len(w))[d]
        up, down = (neuron.neuron_forward(x, w + s * h, b, act)[0] @ dy for s in (1, -1))
        np.testing.assert_allclose(dw[d], (up - down) / 2e-5, atol=1e-6)
