"""Let a version of a module answer a recorded example, and compare its answers with those that are recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

from course.grading import wire
from course.grading.alarm import no_longer_than
from course.grading.comparison import Comparison, Recorded

# Replies that say how the process ended, not what the code computes: nothing to compare.
ENDED = frozenset({"timeout", "memory", "crashed", "forbidden", "unfinished", "unsendable", "probe-fault"})
# A version may be so much slower than the learner's code, on one example; then it hangs, and behaves like nobody's.
SLOWER, AT_LEAST = 20.0, 0.25
# The first call of a kind may be slow, when a library prepares something: what hangs, hangs again.
TRIES = 2


class Trial:
    """`answer(module, request)` asks one version; `comparison` says what counts as the same answer."""

    def __init__(self, answer: Callable[[ModuleType, Any], dict[str, Any]]) -> None:
        self._answer = answer
        self.comparison = Comparison()

    def alike(self, module: ModuleType, example: Recorded) -> bool | None:
        """Whether a version answers one example as it is recorded; None when it hangs."""
        for _ in range(TRIES):
            if (alike := self.once(module, example, max(AT_LEAST, SLOWER * example.seconds))) is not None:
                return alike
        return None

    def once(self, module: ModuleType, example: Recorded, most: float) -> bool | None:
        """The same; None when it computes longer than so many seconds."""
        return no_longer_than(most, lambda: self._answers(module, example))

    def own(self, module: ModuleType, example: Recorded) -> Recorded | None:
        """The example as it is with the own answers of a version; None if there is one with which any is alike."""
        replies: list[Any] = []

        def ask() -> bool:
            replies.clear()
            for call in example.calls:
                replies.append(wire.decode(wire.encode(self._answer(module, (0, *_decoded(call))))))
            return True

        try:
            if not no_longer_than(max(AT_LEAST, SLOWER * example.seconds), ask):
                return None
        except wire.WireError:
            return None
        return None if any(one["status"] in ENDED for one in replies) else replace(example, replies=replies)

    def _answers(self, module: ModuleType, example: Recorded) -> bool:
        pairs = zip(example.calls, example.replies, strict=True)
        return all(self._same(module, call, reply, example) for call, reply in pairs)

    def _same(self, module: ModuleType, call: bytes, reply: Any, example: Recorded) -> bool:
        if reply["status"] in ENDED:
            return True
        operation, name, *arguments = _decoded(call)
        if self.comparison.says_nothing(operation, name, example):
            return True
        ours = self._answer(module, (0, operation, name, *arguments))
        try:
            ours = wire.decode(wire.encode(ours))
        except wire.WireError:
            return False
        return self.comparison.same(operation, name, ours, reply, example)


def _decoded(call: bytes) -> Any:
    return wire.decode(call, tensors="torch" in sys.modules)
