"""What a diagnosis is made from: recorded examples of every property, and the way back to a property that failed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from course.grading import check
from course.grading.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Example:
    """One recorded example of a property: its calls and replies, the tolerance used, and whether it failed.

    `accepts` are the exceptions that the property takes for one another; `typed`: it failed for a type, so types count.
    """

    name: str
    transcript: tuple[Exchange, ...]
    rtol: float
    failed: bool
    accepts: tuple[str, ...] = ()
    typed: bool = False

    @property
    def seconds(self) -> float:
        return sum(exchange.seconds for exchange in self.transcript)


def example_of(name: str, transcript: list[Exchange], *, failed: bool) -> Example:
    """The example that ran last, with what its property compared and how."""
    return Example(name, tuple(transcript), check.loosest(), failed, check.accepted(), failed and check.wrong_type())


@dataclass(slots=True)
class Evidence:
    """Recorded examples: what failed, more inputs for it, a few that passed; and the failing properties, to try again.

    Whoever sets `heard` is told of every example as it comes.
    `again` runs a property once more on fresh inputs and hands every failing example to a function, which says whether
    it is of the kind that is looked for; the smallest such example that was found is then that property's failure.
    `more` passed as well: they are asked only where several mistakes are left.
    `order` is the grader's, of the properties; they may be tried in another one.
    """

    examples: list[Example] = field(default_factory=list)
    more: dict[str, list[Example]] = field(default_factory=dict)
    again: dict[str, Callable[[Callable[[Example], bool]], bool]] = field(default_factory=dict)
    heard: Callable[[Example], None] | None = None
    order: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The property whose failure is shown: the first that failed."""
        places = {name: place for place, name in enumerate(self.order)}
        failed = (example.name for example in self.examples if example.failed)
        return min(failed, key=lambda name: places.get(name, len(places)))

    def add(self, name: str, transcript: list[Exchange], *, failed: bool) -> None:
        self.take(example_of(name, transcript, failed=failed))

    def keep(self, example: Example) -> None:
        self.more.setdefault(example.name, []).append(example)

    def more_in_turn(self) -> Iterator[Example]:
        """One more example of each property, then another one of each, and so on."""
        for row in itertools.zip_longest(*self.more.values()):
            yield from (example for example in row if example is not None)

    def take(self, example: Example) -> None:
        self.examples.append(example)
        if self.heard is not None:
            self.heard(example)
