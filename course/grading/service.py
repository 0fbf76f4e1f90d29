"""The warm judge: a process that grades again and again. It reads requests and writes what comes of them.

A grader stays collected from one request to the next, a spare learner process waits with what the step may import, and
the process of a diagnosis is kept for a while. Requests for another step, or after the grader changed, collect anew.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from course.content import Content
from course.curriculum import Curriculum, Step, load_curriculum
from course.errors import CourseError
from course.gate import grader_digest
from course.grading import wire
from course.grading.collected import Collected, collect
from course.grading.isolation import die_with_parent
from course.grading.judge import Submission, grade
from course.grading.learner import Cancelled
from course.grading.outcomes import Failure, Outcome
from course.grading.parcel import pack
from course.grading.ready import Ready
from course.grading.seeds import SEEDS
from course.grading.warm import Warm
from course.grading.witness import Witness

# The process of the last diagnosis is kept so long after the last request: torch in it takes a quarter of a gigabyte.
DIAGNOSIS_SECONDS = 20.0


class Teller(Witness):
    """Tells of one grading: the first failure, and how far it is."""

    def __init__(self, service: Service, number: int, collected: Collected) -> None:
        self._service, self._number, self._collected = service, number, collected

    def first_failure(self, claim: str, outcome: Outcome, failure: Failure | None) -> None:
        summary = failure.summary if failure else ""
        self._service.say(self._number, "first", claim=claim, outcome=outcome.value, summary=summary)

    def progress(self, examples: int, left: tuple[str, ...], properties: int) -> None:
        taken = self._collected.seconds
        usual = sum(taken.values()) / len(taken) if taken else None
        seconds = None if usual is None else sum(taken.get(name, usual) for name in left)
        done = properties - len(left)
        self._service.say(
            self._number, "progress", done=done, properties=properties, examples=examples, seconds_left=seconds
        )


class Service:
    """One request after the other; `cancel` ends the one that is being served."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._requests: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._sending = threading.Lock()
        self._warm: Warm | None = None
        self._cancelled = 0
        self._next: dict[str, Any] | None = None
        self._curricula: dict[str, tuple[int, Curriculum]] = {}
        self._spare, self._replays = Ready(), Ready()

    def say(self, number: int, event: str, **data: Any) -> None:
        with self._sending, contextlib.suppress(OSError, ValueError):  # nobody listens: the end of input says so, too
            wire.write_frame(self._outgoing, wire.encode({"id": number, "event": event, **data}))

    # ------------------------------------------------------------ requests

    def serve(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()
        self._next = self._waited()
        while self._next is not None:
            self._serve_step(self._next)
        self._spare.close()
        self._replays.close()

    def _listen(self) -> None:
        """Take requests in while one is being served, which a `cancel` ends."""
        with contextlib.suppress(OSError, ValueError, wire.WireError):
            while (frame := wire.read_frame(self._incoming)) is not None:
                request = wire.decode(frame)
                if request["op"] == "cancel":
                    self._cancel(request["id"])
                else:
                    self._requests.put(request)
        self._requests.put(None)
        self._cancel(sys.maxsize)

    def _cancel(self, number: int) -> None:
        """Nobody waits for the requests up to this number any more."""
        self._cancelled = number
        if self._warm is not None:
            self._warm.cancel()

    def _waited(self) -> dict[str, Any] | None:
        try:
            return self._requests.get(timeout=DIAGNOSIS_SECONDS)
        except queue.Empty:
            self._replays.close()
        return self._requests.get()

    # ------------------------------------------------------------ serving

    def _serve_step(self, first: dict[str, Any]) -> None:
        """Collect the step of a request, and serve from it until one comes that needs another."""
        try:
            step, content = self._step(first), Content(Path(first["root"]))
            file, served = content.test_file(step.key), self._identity(first)
        except CourseError as error:
            self._failed(first, error)
            self._next = self._waited()
            return

        def serve(collected: Collected) -> None:
            while self._next is not None and self._same(served):
                stays = self._next["stay"]
                self._answer(self._next, collected)
                if stays:
                    collected.draw_ahead(SEEDS, lambda: not self._requests.empty())
                self._next = self._waited()

        if not file.is_file():
            self._answer(first, Collected(serve))  # which says that it is missing
            self._next = self._waited()
            return
        collected = collect(file, serve)
        if self._next is first:  # it could not be collected
            self._answer(first, collected)
            self._next = self._waited()

    def _same(self, served: tuple[str, ...]) -> bool:
        assert self._next is not None
        try:
            return self._identity(self._next) == served
        except CourseError:
            return False

    def _identity(self, request: dict[str, Any]) -> tuple[str, ...]:
        """What must be the same for the properties to stay collected: the grader, to the byte."""
        step = self._step(request)
        return request["root"], step.key, grader_digest(Content(Path(request["root"])), step)

    def _step(self, request: dict[str, Any]) -> Step:
        root = request["root"]
        content = Content(Path(root))
        try:
            changed = content.course_toml.stat().st_mtime_ns
        except OSError:
            changed = 0
        known = self._curricula.get(root)
        if known is None or known[0] != changed:
            known = self._curricula[root] = changed, load_curriculum(content)
        return known[1].find(request["step"])

    def _answer(self, request: dict[str, Any], collected: Collected) -> None:
        number = request["id"]
        warm = Warm(collected, self._spare, self._replays, Teller(self, number, collected), request["stay"])
        self._warm = warm
        if number <= self._cancelled:
            warm.cancelled = True
        submission = Submission(
            {name: Path(path) for name, path in request["modules"].items()},
            Path(request["kept"]) if request["kept"] else None,
        )
        try:
            verdict = grade(
                Content(Path(request["root"])), self._step(request), submission, seed=request["seed"], warm=warm
            )
            self.say(number, "verdict", **pack(verdict))
        except Cancelled:
            self.say(number, "cancelled")
        except CourseError as error:
            self._failed(request, error)
        except Exception as error:  # the next request may go well
            self.say(number, "broken", message="".join(traceback.format_exception(error))[-4000:])
        finally:
            self._warm = None
        # Not before: it imports on the core that the learner's code could have.
        if warm.learner is not None:
            warm.refill(warm.learner.setup)

    def _failed(self, request: dict[str, Any], error: CourseError) -> None:
        self.say(request["id"], "failed", message=error.message, hint=error.hint or "", code=error.exit_code)


def main() -> None:
    incoming = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    outgoing = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    # What a grader or a library prints must not get between the answers.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    with contextlib.suppress(OSError):  # elsewhere the end of the input ends it
        die_with_parent()
    Service(incoming, outgoing).serve()
