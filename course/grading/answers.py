"""The forms of an answer: those that the engine in a learner process gives, and no others."""

from __future__ import annotations

from typing import Any

# What a learner process answers; the judge itself says the rest.
_STATUSES = frozenset({
    "ok", "raised", "unfinished", "missing", "signature", "forbidden", "memory", "exit", "unsendable", "probe-fault",
})  # fmt: skip


def is_answer(reply: dict[str, Any], operation: str) -> bool:
    """Tell the engine's own answers from those that the learner's code could write to the same pipe."""
    status = reply["status"]
    if not isinstance(status, str) or status not in _STATUSES or (status == "probe-fault" and operation != "probe"):
        return False
    named = status != "raised" or (isinstance(reply.get("type"), str) and _are_texts(reply.get("bases")))
    return named and isinstance(reply.get("message", ""), str) and _are_texts(reply.get("where", []))


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
