import numpy as np
import pytest

from course.grading.replay import alike
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
