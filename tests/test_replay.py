import sys

import numpy as np
import pytest

from course.grading import wire
from course.grading.replay import Versions, alike
from course.grading.wire import Opaque, Record


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
    ],
)
def test_alike_up_to_rounding(one, other):
    assert alike(one, other, 1e-11)


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
    ],
)
def test_not_alike(one, other):
    assert not alike(one, other, 1e-11)


@pytest.mark.parametrize(("recorded", "same"), [([3, 4], True), ([3, 5], False)])
def test_a_recorded_tensor_is_compared_with_a_tensor(recorded, same):
    torch, name = pytest.importorskip("torch"), "minillm.a_tensor"
    versions = Versions(name)
    versions.add("import torch\ndef f(x): return torch.tensor([x, x + 1])")
    module = versions.module(0)
    call = wire.encode(("call", "f", (3,), {}))
    # A replay process decodes with tensors: what the judge recorded arrives as torch's own.
    versions.remember([([call], [{"status": "ok", "value": torch.tensor(recorded)}], 1e-11)])
    try:
        assert versions.alike(lambda asked: {"status": "ok", "value": module.f(*asked[3])}, True, [0]) == [same]
    finally:
        del sys.modules[name]
