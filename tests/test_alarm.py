"""What computes too long is interrupted, though it swallows what interrupts it; and nothing rings afterwards."""

import contextlib
import signal
import time

import pytest

from course.grading.alarm import no_longer_than

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="nothing interrupts a loop here")


def test_what_ends_in_time_is_handed_on():
    assert no_longer_than(5.0, lambda: True) is True
    assert no_longer_than(5.0, lambda: False) is False
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def looping():
    while True:
        pass


def swallowing():
    for _ in range(3):
        with contextlib.suppress(BaseException):
            looping()
    return True


@pytest.mark.parametrize("work", [looping, swallowing])
def test_what_computes_longer_is_not(work):
    began = time.process_time()
    assert no_longer_than(0.05, work) is None
    assert time.process_time() - began < 2
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_error_of_the_work_comes_out():
    with pytest.raises(ZeroDivisionError):
        no_longer_than(5.0, lambda: bool(1 / 0))


def test_it_never_rings_once_the_work_is_done():
    """Many that end just as the time does: it is one or the other, and no error comes out."""
    for step in range(200):
        ends = time.process_time() + 0.001 + step * 1e-6

        def work(ends=ends):
            while time.process_time() < ends:
                pass
            return True

        assert no_longer_than(0.001, work) in (True, None)
