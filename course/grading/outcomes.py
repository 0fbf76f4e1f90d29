"""The words of a verdict: an outcome per property and one for the step."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

# The version of the JSON that `course check --json` prints (docs/verdict-json.md).
SCHEMA = 1


class Outcome(StrEnum):
    PASSED = "passed"
    WRONG = "wrong"
    ERROR = "error"
    UNFINISHED = "unfinished"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    FORBIDDEN = "forbidden"
    CRASHED = "crashed"
    GRADER_FAULT = "grader-fault"


# Of several outcomes the step takes the gravest: what stopped the code tells more than what came out of it.
_GRAVITY = (
    Outcome.GRADER_FAULT,
    Outcome.FORBIDDEN,
    Outcome.CRASHED,
    Outcome.MEMORY,
    Outcome.TIMEOUT,
    Outcome.ERROR,
    Outcome.WRONG,
    Outcome.UNFINISHED,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a property does not hold, in the learner's terms.

    `summary` is one line ("got 1.37 at [0, 2], expected 1.00"); `detail` more of them; `call` the smallest failing
    call as Python; `where` the lines of the learner's own code that an exception came through.
    """

    summary: str
    detail: tuple[str, ...] = ()
    call: str = ""
    where: tuple[str, ...] = ()


class Finding(StrEnum):
    MATCH = "match"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Which known mistake gives the same answers to the same `inputs`.

    `mistakes`: one name (two at once are two names) for a match, the candidates when ambiguous, none when unknown.
    `rivals`: those that the input shown does not tell from a match by itself; nearly always none.
    `functions`: the bug is in them or what they use: with ours in their place, all that failed comes out right. Looked
    for only where no mistake gives the same answers in our own code; none where nothing so simple helps.
    """

    finding: Finding
    mistakes: tuple[str, ...] = ()
    inputs: int = 0
    rivals: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()

    def where(self, ours: str = "ours") -> str:
        """In which functions the bug is, and how that is known, in words."""
        uses, place = ("it uses", "its") if len(self.functions) == 1 else ("they use", "their")
        names = ", ".join(f"{name}()" for name in self.functions)
        return f"{names} or what {uses}: with {ours} in {place} place, all that failed comes out right"


@dataclass(frozen=True, slots=True)
class PropertyResult:
    name: str
    claim: str
    outcome: Outcome
    examples: int = 0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one check. `problem` is set when the code could not even be run; `properties` is then empty."""

    step: str
    outcome: Outcome
    properties: tuple[PropertyResult, ...]
    seed: int
    seconds: float
    code: str
    raw: str
    grader: str
    problem: Failure | None = None
    diagnosis: Diagnosis | None = None
    printed: str = ""
    protections: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    # The calls of what failed, by property; as bytes when the verdict comes from a judge in another process.
    transcripts: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    @property
    def examples(self) -> int:
        return sum(result.examples for result in self.properties)

    @property
    def first_failure(self) -> PropertyResult | None:
        """The failing property to show in full: the first, in the order of the stub, of code that was written."""
        failing = [result for result in self.properties if result.outcome is not Outcome.PASSED]
        written = [result for result in failing if result.outcome is not Outcome.UNFINISHED]
        return next(iter(written or failing), None)

    def as_json(self) -> dict[str, Any]:
        """The versioned, documented form; transcripts stay in the workspace."""
        data = asdict(self)
        del data["transcripts"]
        return {"schema": SCHEMA, **data, "examples": self.examples}


def overall(outcomes: list[Outcome]) -> Outcome:
    """The outcome of the step; without any property that ran it is a fault of the grader, never a pass."""
    if not outcomes:
        return Outcome.GRADER_FAULT
    return next((grave for grave in _GRAVITY if grave in outcomes), Outcome.PASSED)
