"""A pasted reply, taken apart: fenced blocks, CHECK lines, and the sentences of the prose with what they quote.

Nothing in it is run or believed here. Every pattern is linear in the length of the text.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from course.errors import UsageError

MAX_REPLY = 100_000
MAX_BLOCKS = 50

_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)")
_CHECK = re.compile(r"\bCHECK[*_` \t]{0,4}:[*_]{0,3}[ \t]*")
_SPAN = re.compile(r"`([^`\n]{1,300})`")
_QUOTED = re.compile(
    r"“[^“”\n]{1,400}”|«[^«»\n]{1,400}»|„[^“”„\n]{1,400}[“”]|\"[^\"\n]{1,400}\"|(?<!\w)'[^'\n]{1,200}'(?!\w)"
)
_URL = re.compile(
    r"\b(?:https?://|www\.)\S+|\b[\w-]{1,60}(?:\.[\w-]{1,60}){0,5}\.(?:org|com|io|net|html?|pdf|py|md|txt)\b[^\s)]*"
)
_BULLET = re.compile(r"^\s*(?:[-*+•▪◦]|\d{1,2}[.)]|#{1,6}|\|)\s+")


def any_word(words: str, *, also: str = "", behind: str = "") -> re.Pattern[str]:
    """A pattern that finds any of these words (divided by |, over several lines), or what `also` finds."""
    listed = "|".join(re.sub(r"\s+", " ", word.strip()) for word in re.split(r"\|(?![^(]*\))", words))
    return re.compile(rf"{also}{'|' if also else ''}\b(?:{listed})\b{behind}", re.IGNORECASE)


# A full stop ends a sentence before a space, not within 0.5, np.exp or “e.g. this”.
_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bz\.B)(?<=[.!?…。！？])[\s*_)\"”»]+(?=\S)|\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, and the prose right before and right after it."""

    language: str
    text: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it was written; `bare` is the same without quotations and without marks of emphasis.

    `before` is the sentence that stands before it in the same paragraph; for an item of a list, what leads to the list.
    """

    text: str
    bare: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class CheckLine:
    """What stands behind `CHECK:`, and what leads to it: the words before it in its line, or the line above."""

    claim: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    blocks: tuple[Block, ...]
    checks: tuple[CheckLine, ...]
    sentences: tuple[Sentence, ...]


# Escape and its like, which move the cursor, fill the clipboard or name the window; and what turns text around.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def decode(data: bytes, name: str) -> str:
    """Turn the bytes of a reply into text; raise `UsageError` for what is no text, or too much of it."""
    again = "course fact-check reply.txt   reads a file, course fact-check -   what you paste (end with Ctrl-D)"
    if len(data) > MAX_REPLY:
        raise UsageError(
            f"{name} is larger than {MAX_REPLY // 1000} kB: that is no single reply.", hint="paste one reply at a time"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(f"{name} is not text in UTF-8.", hint=again)
    if not text.strip():
        raise UsageError(f"{name} is empty: there is nothing to check.", hint=again)
    return printable(text.replace("\r\n", "\n").replace("\r", "\n"))


def printable(text: str) -> str:
    """Leave out what a terminal would obey, or show in another order than it stands: a reply is words, not commands."""
    return _COMMANDS.sub("", text)


def take_apart(text: str) -> Reply:
    """Split a reply; a fence that is never closed goes to its end."""
    text = text.replace("’", "'").replace("‘", "'")
    prose: list[str] = []
    blocks: list[tuple[str, str, int]] = []  # language, text, how many lines of prose stand before
    inside: list[str] | None = None
    mark = language = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if inside is None and found and (found[1][0] == "~" or "`" not in line[found.end() :]):
            inside, mark, language = [], found[1], found[2].casefold()
            prose.append("")  # no sentence goes on across a block
        elif inside is not None and found and found[1].startswith(mark) and not found[2]:
            blocks.append((language, textwrap.dedent("\n".join(inside)), len(prose)))
            inside = None
        elif inside is not None:
            inside.append(line)
        else:
            prose.append(line)
    if inside is not None:
        blocks.append((language, textwrap.dedent("\n".join(inside)), len(prose)))
    made = tuple(
        Block(language, body, _nearest(prose[:place]), _nearest(prose[place:][::-1], first=True))
        for language, body, place in blocks[:MAX_BLOCKS]
    )
    lines = [*prose, *(line for _, body, _ in blocks for line in ("", *body.split("\n")))]
    checks = tuple(dict.fromkeys(_checks(lines)))
    return Reply(made, checks, _sentences(prose))


def _nearest(lines: list[str], *, first: bool = False) -> str:
    """The last paragraph of the lines; `first`: they are given last line first, and so is what comes back."""
    found: list[str] = []
    for line in reversed(lines):
        if line.strip():
            found.append(line.strip())
        elif found:
            break
    return " ".join(found if first else reversed(found))


def _checks(lines: list[str]) -> Iterator[CheckLine]:
    above = ""
    for line in lines:
        first, *claims = _CHECK.split(line)
        if not claims:
            # A line with a colon at its end speaks of what follows, across an empty line too.
            above = line.strip() or (above if above.endswith(":") else "")
        elif not line.lstrip().startswith(">"):
            before = first if re.search(r"\w", first) else _END.split(above)[-1]
            for part in claims:
                if claim := _claim(part):
                    yield CheckLine(claim, before)
                    before = ""


def _claim(part: str) -> str:
    """The claim alone: without marks of emphasis, code and the end of a sentence."""
    clean = part.strip().lstrip("*_ ")
    clean = clean.strip("`").partition("`")[0] if "`" in clean[:1] else clean.partition("`")[0]
    return clean.strip().strip("*_ ").rstrip(".;,").strip()


def _sentences(prose: list[str]) -> tuple[Sentence, ...]:
    found: list[Sentence] = []
    lead = ""
    for paragraph, item in _paragraphs(prose):
        before = lead if item else ""
        for part in _END.split(paragraph):
            text = part.strip()
            if not re.search(r"\w", text):
                continue
            bare = _QUOTED.sub(" … ", re.sub(r"\*\*|__|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)", "", text))
            found.append(Sentence(text, " ".join(bare.split()), before))
            before = text
        lead = lead if item else before
    return tuple(found)


def _paragraphs(prose: list[str]) -> Iterator[tuple[str, bool]]:
    """The prose with its wrapped lines joined, and whether each piece is an item of a list; quoted text is left out."""
    lines: list[str] = []
    item = False
    for line in [*prose, ""]:
        starts = _BULLET.match(line)
        quoted = line.lstrip().startswith(">")
        if (not line.strip() or starts or quoted) and lines:
            yield " ".join(lines), item
            lines = []
        if not line.strip() or quoted:
            continue
        item = bool(starts) if not lines else item
        check = _CHECK.search(line)
        lines.append(_BULLET.sub("", line[: check.start()] if check else line).strip())
        if check:
            yield " ".join(lines), item
            lines = []


def spans(text: str) -> list[str]:
    """What a sentence quotes as code: the parts between backticks."""
    return _SPAN.findall(text)


def without_addresses(text: str) -> str:
    return _URL.sub(" ", text)
