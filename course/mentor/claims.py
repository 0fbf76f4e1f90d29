"""What fact-check finds: a claim of the reply, what became of it, and the truth in one line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    REFUTED = "refuted"
    POSSIBLE = "possible"
    SOLUTION = "solution"
    CONFIRMED = "confirmed"
    NOT_VERIFIED = "not-verified"


class Kind(StrEnum):
    CODE = "code"
    CHECK = "check"
    VERDICT = "verdict"
    NAME = "name"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing the mentor said. `truth` says what is so, `note` what else helps (a call, its numbers)."""

    kind: Kind
    result: Result
    said: str
    truth: str = ""
    note: tuple[str, ...] = ()

    @property
    def decided(self) -> bool:
        return self.result is not Result.NOT_VERIFIED
