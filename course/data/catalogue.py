"""What there is: texts to fetch, the corpus to make, and which of them lie on this machine already."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from course.data.grammar import VERSION
from course.data.size import short_size
from course.data.store import Store


@dataclass(frozen=True, slots=True)
class Download:
    """A text that lies on a server: what it is, and the bytes it must have."""

    name: str
    title: str
    about: str
    file: str
    size: int
    sha256: str
    source: str
    variable: str  # of the environment: another URL, where the first cannot be reached

    @property
    def url(self) -> str:
        return os.environ.get(self.variable) or self.source

    @property
    def command(self) -> str:
        return f"course data get {self.name}"


@dataclass(frozen=True, slots=True)
class Made:
    """A synthetic corpus on this machine."""

    path: Path
    size: int
    seed: int


SHAKESPEARE = Download(
    name="shakespeare",
    title="Tiny Shakespeare",
    about="forty thousand lines of his plays, in one file; in the public domain",
    file="tinyshakespeare.txt",
    size=1_115_394,
    sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    source="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    variable="COURSE_SHAKESPEARE_URL",
)
DOWNLOADS = {one.name: one for one in (SHAKESPEARE,)}

SYNTHETIC = "synthetic"
SYNTHETIC_ABOUT = "simple English sentences from a grammar; needs no network, of any size"
SYNTHETIC_COMMAND = "course data make synthetic --size 10MB"

_MADE = re.compile(rf"{SYNTHETIC}-v{VERSION}-[0-9]+[kMG]?B-seed([0-9]+)\.txt")


def made_name(size: int, seed: int) -> str:
    """Name a synthetic corpus: all that its bytes depend on."""
    return f"{SYNTHETIC}-v{VERSION}-{short_size(size)}-seed{seed}.txt"


def made(store: Store) -> list[Made]:
    """Return the synthetic corpora on this machine, the smallest first."""
    try:
        found = [(path, _MADE.fullmatch(path.name)) for path in store.folder.iterdir()]
        whole = [Made(path, path.stat().st_size, int(match[1])) for path, match in found if match]
    except OSError:  # no folder yet, or none of ours
        return []
    return sorted((one for one in whole if one.path.name == made_name(one.size, one.seed)), key=_by_size)


def _by_size(one: Made) -> tuple[int, int]:
    return one.size, one.seed


def is_whole(path: Path, download: Download) -> bool:
    """Whether this file is the text, byte for byte."""
    try:
        return path.stat().st_size == download.size and digest(path) == download.sha256
    except OSError:
        return False


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
