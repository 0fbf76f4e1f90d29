"""A pytest session that stays collected: the properties of one step's grader, run as often as anybody asks.

Wrong code should hear of it first. So every property gets a first look before any is run in full: those that failed for
the code before, then the others in the grader's order. What the first look settles (a property without generated
examples that holds, or one that ended the process) is not run again; what draws its inputs goes on from there, and what
failed is the first to do so.

While nobody waits, the inputs of the next runs are drawn: that is half of what a judge does.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from course.grading import inputs
from course.grading.draws import drawn_alike
from course.grading.learner import Cancelled, Learner
from course.grading.outcomes import Outcome
from course.grading.plugin import JudgePlugin
from course.grading.stack import roomy

_INI = Path(__file__).with_name("pytest.ini")
_COLLECTED_NOTHING = 5
_UNUSED = (
    "cacheprovider", "terminal", "faulthandler", "logging", "capture", "doctest", "junitxml", "pastebin", "setuponly",
    "setupplan", "stepwise", "nose", "unraisableexception", "threadexception", "warnings", "legacypath", "tmpdir",
)  # fmt: skip


class Collected:
    """The properties of one grader, as pytest collected them. `serve` is called once they are there."""

    def __init__(self, serve: Callable[[Collected], None]) -> None:
        self._serve = serve
        self._items: list[pytest.Function] = []
        self._run: JudgePlugin | None = None
        self.faults: list[str] = []
        self.interrupted = False
        # How long each property took last time.
        self.seconds: dict[str, float] = {}
        # What the next runs will try the properties on, by seed and name; None where that cannot be known ahead.
        self.ahead: dict[tuple[int, str], list[inputs.Input] | None] = {}

    @roomy
    def perform(
        self, run: JudgePlugin, *, only: Sequence[str] = (), stop_at_first: bool = False, look: bool = True
    ) -> None:
        """Run the properties; raise `Cancelled` when nobody waits for them any more."""
        self._run = run
        items = [item for item in self._items if not only or item.name in only]
        run.prepare(items)
        for item in items:
            if (drawn := self.ahead.get((run.seed, item.name))) and run.takes_ahead(item):
                # Each is used once: a property may change what it is given.
                del self.ahead[run.seed, item.name]
                run.ahead[item.name] = deque(drawn)
        if look:
            first = {name: place for place, name in enumerate(run.order())}
            for item in sorted(items, key=lambda item: first.get(item.name, len(first))):
                self._try(item, first_look=True)
            settled = {result.name for result in run.results}
            items = [item for item in items if item.name not in settled]
        # What is known to fail goes first: whoever diagnoses works on it beside the rest.
        for item in sorted(items, key=lambda item: not run.has_failed(item)):
            self._try(item, first_look=False)
            if stop_at_first and run.results[-1].outcome is not Outcome.PASSED:
                break
        run.finish()

    def _try(self, item: pytest.Function, *, first_look: bool) -> None:
        assert self._run is not None
        self._run.begin(item, first_look=first_look)
        # Each on its own: what comes after it depends on what came out.
        began = time.monotonic()
        if not self._run.try_ahead(item):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if not first_look:
            self.seconds[item.name] = time.monotonic() - began
        if self._run.learner.clock.cancelled:
            raise Cancelled

    @roomy
    def draw_ahead(self, seeds: Sequence[int], interrupt: Callable[[], bool]) -> None:
        """Draw what runs with these seeds will try the properties on, until somebody waits for something else."""
        for seed, item in itertools.product(seeds, self._items):
            if inputs.is_drawn(item.obj) and (seed, item.name) not in self.ahead:
                try:
                    drawn = inputs.drawn_ahead(item.obj, item.name, seed, item._fixtureinfo.argnames, interrupt)
                except inputs.Interrupted:
                    return
                self.ahead[seed, item.name] = drawn

    # ------------------------------------------------------------ what pytest calls

    @pytest.fixture
    def learner(self) -> Learner:
        assert self._run is not None
        return self._run.learner

    def pytest_configure(self, config: pytest.Config) -> None:
        # Nobody reads pytest's account of a failure: writing the long one took longer than the properties.
        config.option.tbstyle = "native"

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if isinstance(item, pytest.Function):
                self._items.append(item)
            else:
                self.faults.append(f"{item.name} is not a function")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.faults.append(str(report.longrepr))

    def pytest_runtestloop(self) -> bool:
        self._serve(self)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        assert self._run is not None
        return (yield from self._run.called(pyfuncitem))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        if self._run is not None and (call.when == "call" or call.excinfo is not None):
            self._run.record(item, call.excinfo.value if call.excinfo else None, called=call.when == "call")
        return (yield)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        # A grader that cannot be collected, or that calls pytest.exit(), gets here with a class of pytest's own.
        self.interrupted = excinfo.type is KeyboardInterrupt

    def pytest_internalerror(self, excrepr: object) -> None:
        self.faults.append(str(excrepr))


def collect(test_file: Path, serve: Callable[[Collected], None]) -> Collected:
    """Collect a grader and let `serve` run it; return the session, whose `faults` say what went wrong if anything."""
    collected = Collected(serve)
    # Relative names: pytest reads "[" and "::" in the path of the grader's folder as parts of a property's name.
    arguments = [
        test_file.name, "-c", str(_INI), "--rootdir", str(test_file.parent), "--import-mode=importlib", "--noconftest",
        "--assert=plain", *(part for name in _UNUSED for part in ("-p", f"no:{name}")),
    ]  # fmt: skip
    # pytest would take the grader of another step with the same last name for this one.
    sys.modules.pop(test_file.stem, None)
    said = io.StringIO()
    with (
        _environment(),
        drawn_alike(),
        contextlib.chdir(test_file.parent),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        code = int(pytest.main(arguments, plugins=[collected]))
    if collected.interrupted:  # pytest takes Ctrl-C for the end of its own run
        raise KeyboardInterrupt
    if code not in (0, 1, _COLLECTED_NOTHING):
        collected.faults.append(f"pytest ended with {code}: {said.getvalue().strip()}")
    return collected


@contextlib.contextmanager
def _environment() -> Any:
    """Keep pytest from loading whatever plugins the machine has, or options from the shell."""
    before = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    before["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
