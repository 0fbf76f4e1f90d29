"""What a property is tried on: the seed and the settings it is drawn with, now or ahead of time."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.database import ExampleDatabase
from hypothesis.internal.reflection import function_digest
from hypothesis.strategies import DataObject

# With a step's twenty-odd properties that is some five hundred inputs; a property that needs more says so with
# @settings.
MAX_EXAMPLES = 20

# The arguments of one example, by name, without the learner.
Input = dict[str, Any]


def is_drawn(function: Any) -> bool:
    """Whether a property is tried on inputs that hypothesis draws."""
    return hasattr(function, "hypothesis")


def prepare(
    function: Any,
    name: str,
    seed: int,
    wrapped: Callable[[Callable[..., Any]], Callable[..., Any]],
    *,
    phases: Sequence[Phase],
    most_examples: int | None = None,
    database: ExampleDatabase | None = None,
) -> None:
    """Seed one property from the run's seed and its name, and put what is `wrapped` in place of its body."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    hypothesis.seed(int.from_bytes(digest[:8], "big"))(function)
    handle = function.hypothesis
    inner = getattr(handle.inner_test, "__course_inner__", handle.inner_test)
    handle.inner_test = functools.wraps(inner)(wrapped(inner))
    handle.inner_test.__course_inner__ = inner
    # The module stays imported from one grading to the next: what the author asked for is read only once.
    if not hasattr(function, "_hypothesis_internal_database_key"):  # as hypothesis would make it, but once only
        function._hypothesis_internal_database_key = function_digest(inner)
    own = getattr(function, "__course_settings__", function._hypothesis_internal_use_settings)
    function.__course_settings__ = own
    usual = hypothesis.settings.get_profile("default").max_examples
    wanted = MAX_EXAMPLES if own.max_examples == usual else own.max_examples
    function._hypothesis_internal_use_settings = hypothesis.settings(
        max_examples=min(wanted, most_examples or wanted),
        database=database,
        deadline=None,
        derandomize=False,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )


# By these a property drops an input that was drawn for it, and gets another.
_CHOOSING = frozenset({"assume", "reject"})


class Interrupted(BaseException):
    """Somebody waits for something else; a BaseException, so that hypothesis stops at once."""


def drawn_ahead(
    function: Any, name: str, seed: int, fixtures: Sequence[str], interrupt: Callable[[], bool]
) -> list[Input] | None:
    """Draw what a run with this seed would try a property on, in that order.

    None: that cannot be known ahead, for it draws or chooses while it runs. `fixtures` are the arguments that are not
    drawn. Raise `Interrupted` once `interrupt` says so.
    """
    inputs: list[Input] = []
    ahead = True

    def noted(inner: Callable[..., Any]) -> Callable[..., Any]:
        nonlocal ahead
        ahead = _CHOOSING.isdisjoint(inner.__code__.co_names)

        def note(**arguments: Any) -> None:
            nonlocal ahead
            if interrupt():
                raise Interrupted
            given = {key: value for key, value in arguments.items() if key not in fixtures}
            ahead = ahead and not any(isinstance(value, DataObject) for value in given.values())
            inputs.append(given)

        return note

    prepare(function, name, seed, noted, phases=(Phase.explicit, Phase.generate))
    try:
        function(**dict.fromkeys(fixtures))
    except Exception:  # a run of the property will say it
        return None
    return inputs if ahead else None
