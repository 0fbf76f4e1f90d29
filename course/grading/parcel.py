"""A verdict on its way from one process of ours to another, as plain data; its recorded calls stay bytes."""

from __future__ import annotations

from typing import Any

from course.grading.last import diagnosis_from, failure_from, property_from, recorded_calls
from course.grading.outcomes import Outcome, Verdict


def pack(verdict: Verdict) -> dict[str, Any]:
    return {"verdict": verdict.as_json(), "transcripts": recorded_calls(verdict)}


def unpack(data: dict[str, Any]) -> Verdict:
    """The verdict again; raise `KeyError`, `TypeError` or `ValueError` when it is none."""
    plain = data["verdict"]
    return Verdict(
        step=plain["step"],
        outcome=Outcome(plain["outcome"]),
        properties=tuple(property_from(entry) for entry in plain["properties"]),
        seed=plain["seed"],
        seconds=plain["seconds"],
        code=plain["code"],
        raw=plain["raw"],
        grader=plain["grader"],
        problem=failure_from(plain["problem"]),
        diagnosis=diagnosis_from(plain["diagnosis"]) if plain["diagnosis"] else None,
        printed=plain["printed"],
        protections=plain["protections"],
        versions=plain["versions"],
        transcripts=data["transcripts"],
    )
