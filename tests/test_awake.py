"""Waiting at a pipe: over as soon as there is something to read, and never for long."""

from __future__ import annotations

import os
import select
import time

import pytest

from course.grading import awake

pytestmark = pytest.mark.skipif(not hasattr(select, "poll"), reason="there is nothing to wait with on this system")


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as sink:
        yield source, sink


def test_waiting_ends_by_itself(pipe, monkeypatch):
    source, _ = pipe
    passed = iter(range(100))
    monkeypatch.setattr(awake, "_now", lambda: next(passed) * awake.SECONDS / 4)
    awake.waiting_on(source)()
    assert next(passed) <= 8


@pytest.mark.parametrize("closed", [False, True])
def test_waiting_is_over_when_there_is_something_to_read(pipe, monkeypatch, closed):
    source, sink = pipe
    monkeypatch.setattr(awake, "SECONDS", 60.0)
    wait = awake.waiting_on(source)
    sink.close() if closed else sink.write(b"x")
    began = time.monotonic()
    wait()
    assert time.monotonic() < began + 30
    assert source.read(1) == (b"" if closed else b"x")


def test_a_question_is_seen_in_the_pipe_and_out_of_it(pipe):
    source, sink = pipe
    asked = awake.whether_asked(source)
    assert not asked()
    sink.write(b"xyz")
    assert asked()
    assert source.read(1) == b"x"
    assert asked(), "the rest was read ahead"
    assert source.read(2) == b"yz"
    assert not asked()
    assert os.get_blocking(source.fileno()), "the next read waits"
