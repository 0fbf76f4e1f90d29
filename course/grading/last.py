"""The last verdict on a step, kept in the workspace with the calls of what failed: hints and replay read it."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.curriculum import Step
from course.errors import UsageError
from course.files import write_whole
from course.grading import wire
from course.grading.exchange import Exchange
from course.grading.outcomes import SCHEMA, Diagnosis, Failure, Finding, Outcome, PropertyResult, Verdict
from course.workspace import Workspace


class NotChecked(UsageError):
    """There is no verdict on this step yet."""


@dataclass(frozen=True, slots=True)
class LastCheck:
    """What `course check` showed last: enough of its verdict to help, and the calls of what failed."""

    outcome: Outcome
    code: str
    properties: tuple[PropertyResult, ...]
    diagnosis: Diagnosis | None
    recorded: dict[str, str]
    # Why the code could not be run at all; `properties` is then empty.
    problem: Failure | None = None

    def transcript(self, name: str) -> list[Exchange]:
        """The calls of a property that failed; decoded only when asked for, because arrays need NumPy."""
        if name not in self.recorded:
            return []
        return [Exchange(*one) for one in wire.decode(base64.b64decode(self.recorded[name]))]

    @property
    def first_failure(self) -> PropertyResult | None:
        failing = [one for one in self.properties if one.outcome is not Outcome.PASSED]
        written = [one for one in failing if one.outcome is not Outcome.UNFINISHED]
        return next(iter(written or failing), None)


def _path(workspace: Workspace, step: Step) -> Path:
    return workspace.state / "last" / f"{step.key.replace('/', '.')}.json"


def keep_last(workspace: Workspace, step: Step, verdict: Verdict) -> None:
    """Keep a verdict and its transcripts; what cannot be written is only missed by a later hint."""
    transcripts = {name: base64.b64encode(calls).decode("ascii") for name, calls in recorded_calls(verdict).items()}
    path, data = _path(workspace, step), {"schema": SCHEMA, "verdict": verdict.as_json(), "transcripts": transcripts}
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(data).encode())


def recorded_calls(verdict: Verdict) -> dict[str, bytes]:
    """The calls of each property that failed, as bytes; those too large to send are left out."""
    recorded = {}
    for name, exchanges in verdict.transcripts.items():
        if isinstance(exchanges, bytes):  # the verdict comes from a judge in another process
            recorded[name] = exchanges
            continue
        with suppress(wire.WireError):
            recorded[name] = wire.encode([_plain(one) for one in exchanges])
    return recorded


def _plain(one: Exchange) -> tuple[object, ...]:
    """The fields of an exchange, in their order, without how long it took."""
    return one.operation, one.name, one.args, one.kwargs, one.wording, one.reply, 0.0, one.lines


def read_last(workspace: Workspace, step: Step) -> LastCheck:
    """Read the last verdict back; raise `UsageError` when there is none or it speaks of other code than there is."""
    again = f"course check {step.number}"
    try:
        data = json.loads(_path(workspace, step).read_text(encoding="utf-8"))
        last = _last(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotChecked(f"{step.number} has not been checked yet.", hint=again) from error
    if last.code != workspace.fingerprint(step)[0]:
        raise UsageError(f"Your code changed since {step.number} was checked last.", hint=again)
    return last


def _last(data: dict[str, Any]) -> LastCheck:
    verdict, found = data["verdict"], data["verdict"]["diagnosis"]
    diagnosis = diagnosis_from(found) if found else None
    properties = tuple(property_from(entry) for entry in verdict["properties"])
    return LastCheck(
        Outcome(verdict["outcome"]),
        verdict["code"],
        properties,
        diagnosis,
        data["transcripts"],
        failure_from(verdict["problem"]),
    )


def diagnosis_from(found: dict[str, Any]) -> Diagnosis:
    return Diagnosis(
        Finding(found["finding"]),
        tuple(found["mistakes"]),
        found["inputs"],
        tuple(found.get("rivals", ())),
        tuple(found.get("functions", ())),
    )


def property_from(entry: dict[str, Any]) -> PropertyResult:
    return PropertyResult(
        entry["name"], entry["claim"], Outcome(entry["outcome"]), entry["examples"], failure_from(entry["failure"])
    )


def failure_from(entry: dict[str, Any] | None) -> Failure | None:
    if entry is None:
        return None
    return Failure(entry["summary"], tuple(entry["detail"]), entry["call"], tuple(entry["where"]))
