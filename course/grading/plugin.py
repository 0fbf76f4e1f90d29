"""The pytest plugin that turns properties into outcomes. It judges; the learner's code runs in another process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis.errors import Flaky, HypothesisException

from course.grading import check, inputs
from course.grading.evidence import Evidence, Example, example_of
from course.grading.examples import RememberedExamples
from course.grading.exchange import Exchange
from course.grading.gathering import Gathering
from course.grading.learner import Cancelled, Learner, LearnerRaised, PropertyEnds
from course.grading.meaning import claim_of, judged
from course.grading.outcomes import Failure, Outcome, PropertyResult
from course.grading.running import LookedAt, Running, ShrunkEnough, once_more
from course.grading.show import show_exchange
from course.grading.witness import Witness

# Whoever waits is told of progress so often.
TELL_SECONDS = 0.1
# A first look at every property tries so many examples, the same that its own run begins with.
FIRST_LOOK = 2


class JudgePlugin:
    """One run over the properties of a step: seed and wrap each of them, and collect a result for each.

    A `Collected` pytest session serves it: it calls the methods of the second half at the right moments.
    """

    def __init__(
        self,
        learner: Learner,
        seed: int,
        *,
        examples: RememberedExamples,
        shrink: bool = True,
        most_examples: int | None = None,
        gather: Callable[[Evidence], None] | None = None,
        witness: Witness | None = None,
    ) -> None:
        self.learner = learner
        self.seed = seed
        self._examples = examples
        self._shrink = shrink
        self._most_examples = most_examples
        self._gathering = Gathering(learner, gather)
        self._witness = witness or Witness()
        self._told = False
        self._told_at = 0.0
        # What came of the properties that were not yet run in full.
        self._so_far: dict[str, tuple[Running, list[Example]]] = {}
        # Inputs of some properties, drawn before anybody waited: what hypothesis would draw now.
        self.ahead: dict[str, deque[inputs.Input]] = {}
        self._running = Running()
        self.results: list[PropertyResult] = []
        self.transcripts: dict[str, list[Exchange]] = {}
        self.collected: list[str] = []
        self.faults: list[str] = []

    @property
    def evidence(self) -> Evidence:
        return self._gathering.evidence

    # ------------------------------------------------------------ before

    def prepare(self, items: Sequence[pytest.Function]) -> None:
        self.collected = [item.name for item in items]
        self.evidence.order = tuple(self.collected)
        phases = (Phase.explicit, Phase.reuse, Phase.generate, *((Phase.shrink,) if self._shrink else ()))
        for item in items:
            if inputs.is_drawn(item.obj):
                inputs.prepare(
                    item.obj, item.name, self.seed, self._recorded,
                    phases=phases, most_examples=self._most_examples, database=self._examples,
                )  # fmt: skip

    def takes_ahead(self, item: pytest.Function) -> bool:
        """Whether inputs drawn ahead are those that this run would draw: no earlier failure is tried before them."""
        key = item.obj._hypothesis_internal_database_key
        return self._shrink and self._most_examples is None and not self._examples.fetch(key)

    def order(self) -> tuple[str, ...]:
        """The properties to look at first: those that failed for the code before this."""
        return self._examples.failed_before

    def has_failed(self, item: pytest.Function) -> bool:
        """Whether a first look at a property has seen it fail."""
        before, _ = self._so_far.get(item.name, (None, []))
        return before is not None and before.error is not None

    def _recorded(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        def one_example(*args: Any, **kwargs: Any) -> Any:
            self._begin_example()
            if self._running.is_known():
                return None
            try:
                value = inner(*args, **kwargs)
            except (AssertionError, LearnerRaised) as error:
                if self._running.gathering:
                    self.evidence.add(self._running.name, self.learner.transcript, failed=True)
                    return None
                self._gathering.begin()
                if not self._is_telling():
                    return None
                self._running.failed(error, self.learner.transcript)
                if self._running.first_look:
                    raise LookedAt from None
                raise
            except HypothesisException:  # an input that is assumed away
                self._running.assumed.add(self._running.examples)
                raise
            except Exception as error:  # the grader's own, perhaps: its full run will tell
                if self._running.first_look:
                    self._running.failed(error, self.learner.transcript)
                    raise LookedAt from None
                raise
            finally:
                running = self._running
                running.quickest = min(running.quickest, sum(one.seconds for one in self.learner.transcript))
            self._gathering.passed(self._running)
            return value

        return one_example

    def _is_telling(self) -> bool:
        wanted, running = self._running.telling, self._running
        return wanted is None or wanted(example_of(running.name, self.learner.transcript, failed=True))

    def _begin_example(self) -> None:
        running = self._running
        check.forget_tolerance()
        if self.learner.clock.cancelled:
            raise Cancelled
        if running.gathering:
            self.learner.begin()
            return
        if running.error is not None:
            running.since_failure += 1
            if running.since_failure > running.most:
                self._examples.deaf = True
                raise ShrunkEnough
        elif running.first_look and running.examples >= FIRST_LOOK:
            raise LookedAt
        else:
            running.examples += 1
            self._tell_progress()
        self.learner.begin()

    def _tell_progress(self) -> None:
        now = time.monotonic()
        if now < self._told_at + TELL_SECONDS:
            return
        self._told_at = now
        done = {result.name for result in self.results}
        tried = sum(result.examples for result in self.results) + self._running.examples
        self._witness.progress(tried, tuple(name for name in self.collected if name not in done), len(self.collected))

    # ------------------------------------------------------------ during and after

    def begin(self, item: pytest.Function, *, first_look: bool) -> None:
        """A property is about to run, for a first look, or in full from where it was left."""
        before, self._gathering.seen = self._so_far.pop(item.name, (None, []))
        self._running = before.goes_on(item.name) if before else Running(item.name, first_look=first_look)
        self._examples.deaf = first_look

    def try_ahead(self, item: pytest.Function) -> bool:
        """Try a property on inputs that were drawn ahead; False: hypothesis must go on, from where this ended."""
        drawn, running = self.ahead.get(item.name), self._running
        if drawn is None:
            return False
        call, error = item.obj.hypothesis.inner_test, None
        if running.before is not None:
            running.examples = running.before.examples
        unsettled = running.first_look and len(drawn) > FIRST_LOOK
        try:
            for _ in range(FIRST_LOOK if unsettled else len(drawn)):
                call(learner=self.learner, **drawn.popleft())
            if not unsettled:
                self.learner.settle()
        except PropertyEnds as end:
            error, unsettled = end, False
        except (LookedAt, Exception):
            del self.ahead[item.name]
            if running.error is None:  # what this example means, hypothesis will say
                running.examples -= 1
            if not running.first_look:
                self._leave(item)
                self.begin(item, first_look=False)
                return False
            unsettled = True
        if unsettled:
            self._leave(item)
            running.looked_at = True
        self.record(item, error, called=True)
        return True

    def _leave(self, item: pytest.Function) -> None:
        """Keep what came of a property so far."""
        self._so_far[item.name] = self._running, self._gathering.seen

    def called(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        self.learner.begin()
        drawn = inputs.is_drawn(pyfuncitem.obj)
        try:
            if not drawn:
                self._running.examples = 1
                self._running.is_known()
            value = yield
            self.learner.settle()
        except LookedAt:
            # Not passed on: pytest would write a report of it that nobody reads.
            self._leave(pyfuncitem)
            self._running.looked_at = True
            return None
        except (AssertionError, LearnerRaised, ShrunkEnough) as error:
            if not self._running.first_look:
                self._gathering.failed(pyfuncitem, self._running, self._search)
            elif not drawn and isinstance(error, Exception):
                self._gathering.begin()
                self._running.failed(error, self.learner.transcript)
                self._leave(pyfuncitem)
            raise
        if not drawn:
            self._gathering.passed(self._running)
        return value

    def _search(
        self, item: pytest.Function, call: Callable[[], Any], count: int, telling: Callable[[Example], bool]
    ) -> bool:
        """Look for the smallest failing input of a property that is `telling`; if there is one, it is what is shown."""
        self._running = running = Running(item.name, telling=telling, most=count)
        once_more(item.obj, call, count, Phase.generate, Phase.shrink)
        if running.error is None or running.transcript is None:
            return False
        place = next(place for place, result in enumerate(self.results) if result.name == item.name)
        _, failure = self._judged(running.error, running.transcript)
        self.results[place] = replace(self.results[place], failure=failure)
        self.transcripts[item.name] = running.transcript
        return True

    def record(self, item: pytest.Item, error: BaseException | None, *, called: bool) -> None:
        """Take down how a property ended; after a first look only what a full run could not change.

        `called`: it is the property that ended so, not what is made for it before or cleared away after.
        """
        running = self._running
        if isinstance(error, Cancelled):
            return
        if running.looked_at or (running.first_look and called and isinstance(error, Exception)):
            seen = running.error if running.looked_at else error
            if seen is not None:
                self._tell(item, seen)
            return
        flaky = isinstance(error, Flaky)
        if isinstance(error, ShrunkEnough | Flaky) and running.error is not None:
            error = running.error
        transcript = running.transcript if running.transcript is not None else self.learner.transcript
        outcome, failure = self._judged(error, transcript)
        if flaky and failure is not None:
            failure = replace(failure, detail=(*failure.detail, "called again with the same input, it did otherwise"))
        if outcome is Outcome.PASSED:
            self._gathering.holds()
        else:
            self.transcripts[item.name] = transcript
            self._tell(item, error)
        self.results.append(PropertyResult(item.name, claim_of(item), outcome, running.examples, failure))
        self._tell_progress()

    def _tell(self, item: pytest.Item, error: BaseException | None) -> None:
        """Tell whoever waits of the first property that fails, as soon as that is known."""
        running = self._running
        transcript = running.transcript if running.transcript is not None else self.learner.transcript
        outcome, failure = self._judged(error, transcript)
        if not self._told and outcome is not Outcome.UNFINISHED:
            self._told = True
            self._witness.first_failure(claim_of(item), outcome, failure)

    def finish(self) -> None:
        """Put the results into the order of the grader, whatever the order they came in."""
        places = {name: place for place, name in enumerate(self.collected)}
        self.results.sort(key=lambda result: places[result.name])
        self._examples.failed = tuple(result.name for result in self.results if result.outcome is not Outcome.PASSED)

    def _judged(self, error: BaseException | None, transcript: list[Exchange]) -> tuple[Outcome, Failure | None]:
        """What an exception means, and the call it came from."""
        outcome, failure = judged(error)
        if failure is None or failure.call or not transcript:
            return outcome, failure
        last, detail = transcript[-1], failure.detail
        if last.operation == "call" and last.reply.get("status") == "ok" and last.reply.get("value") is None:
            detail = (*detail, f"{last.name}() returned None: is a return missing?")
        return outcome, Failure(failure.summary, detail, show_exchange(last), failure.where)
