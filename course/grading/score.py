"""How many wrong versions a grader rejects: measured by `course dev mutate`, stored, shown on a pass."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from course.content import Content
from course.curriculum import Step
from course.gate import grader_digest


@dataclass(frozen=True, slots=True)
class Score:
    """Known mistakes (all rejected), generated mutants, and how many of those are rejected.

    `files` hashes what the numbers were measured on: when it no longer fits, they say nothing.
    """

    mistakes: int
    mutants: int
    rejected: int
    files: str

    @property
    def share(self) -> float:
        return self.rejected / self.mutants if self.mutants else 1.0


def score_path(content: Content, step: Step) -> Path:
    return content.grader(step.key) / "score.json"


def write_score(content: Content, step: Step, score: Score) -> None:
    score_path(content, step).write_text(json.dumps(asdict(score), indent=2) + "\n", encoding="utf-8")


def read_score(content: Content, step: Step) -> Score | None:
    """The stored score, or None where none was measured yet."""
    with suppress(OSError, ValueError, TypeError):
        return Score(**json.loads(score_path(content, step).read_text(encoding="utf-8")))
    return None


def files_digest(content: Content, step: Step) -> str:
    """Hash what a score depends on: the grader, the right solutions it was measured on, the mistakes, the excuses."""
    digest = hashlib.sha256(grader_digest(content, step).encode())
    for path in [
        content.reference(step.file),
        *content.rights(step.file)[:1],
        content.mistakes(step.key),
        content.grader(step.key) / "equivalent.toml",
    ]:
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b"")
        digest.update(b"\1")
    return digest.hexdigest()[:32]
