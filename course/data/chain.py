"""The grammar's chain with numbered states, each row made when it is first needed."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from course.data.grammar import START, State, follow

_EMISSION = re.compile(rb"\n\n|[.,]| ?[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Links:
    """What may follow one state: emissions, weights of 65536, their running sums, the numbers of the next states."""

    emissions: tuple[bytes, ...]
    weights: tuple[int, ...]
    bounds: tuple[int, ...]
    following: tuple[int, ...]


class Chain:
    """States by number, in the order in which they are met; number 0 is the beginning of a paragraph."""

    def __init__(self) -> None:
        self.states: list[State] = [START]
        self._numbers = {START: 0}
        self._links: list[Links | None] = [None]

    def links(self, number: int) -> Links:
        """Return what may follow a state."""
        found = self._links[number]
        if found is None:
            row = follow(self.states[number])
            following = tuple(map(self._number, row.states))
            found = self._links[number] = Links(row.emissions, row.weights, _bounds(row.weights), following)
        return found

    def _number(self, state: State) -> int:
        number = self._numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
            self._links.append(None)
        return number


@functools.cache
def the_chain() -> Chain:
    """Return the one chain of this process: what one user of it has found, the next need not find again."""
    return Chain()


@functools.cache
def _bounds(weights: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(accumulate(weights))


def parse(text: bytes) -> Iterator[tuple[int, int]]:
    """Read text back into the path that wrote it.

    Yield each emission's weight (of 65536) and the number of the state it leads to. The last emission is left out, for
    the text may have been cut inside it. Raise ValueError where none fits.
    """
    chain = the_chain()
    state, end = 0, 0
    while (match := _EMISSION.match(text, end)) and match.end() < len(text):
        links = chain.links(state)
        try:
            at = links.emissions.index(match[0])
        except ValueError:
            raise ValueError(f"no sentence of this grammar goes on with {match[0]!r} at byte {end}") from None
        state, end = links.following[at], match.end()
        yield links.weights[at], state
    if match is None and text[end:] not in (b"", b"\n", b" "):
        raise ValueError(f"no sentence of this grammar goes on with {text[end : end + 8]!r} at byte {end}")
