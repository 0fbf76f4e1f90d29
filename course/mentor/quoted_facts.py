"""Facts of the prompt (F1, F2, …) quoted in a reply with a value: is it theirs?

A number in a sentence that names a fact is the fact's only if it stands right behind its name, or in the fact's own
words; all other numbers are the mentor's and are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from course.mentor.agreement import Agreement, agrees, read_number
from course.mentor.claims import Claim, Kind, Result
from course.mentor.facts import Fact
from course.mentor.reply import Sentence, any_word

_NUMBER = r"[-+−]?\d[\d,]*(?:\.\d+)?(?:[eE][-+−]?\d+)?"
_NAMED = re.compile(r"(?<![\w.])F(\d{1,2})(?![\w.]*\w)(?! ?-?score)")
# `F3 (709.8)`, `F3: 709.8`, `F3 is 709.8.`, and then the sentence ends or goes on elsewhere: no `F3: 2 examples`.
_DIRECT = re.compile(
    r"^\**\s*(?:\(\s*[=≈]?|(?:says|states|gives|is|equals|reads)\s*(?:that|it is|it's)?\s*[:=≈]?|[:=≈])\s*\**"
    rf"({_NUMBER})(?=\**\s*(?:[.,;:!?)](?!\d)|$|the\b|so\b|and\b|[—–]))"
)
_ABOUT = re.compile(r"≈|~|\b(?:about|roughly|around|approximately|circa|etwa|environ|unos)\b", re.IGNORECASE)
_DOUBTED = any_word(
    r"""
    not | never | no | isn't | \w+n't | if | would | could | instead of | wrong | false | unlike | contradict\w* |
    suppose | said | wrote | claimed | nicht | pas | si | wenn
    """,
    also=r"\?",
)


def quoted_facts(facts: Sequence[Fact], says: Sequence[str], sentences: Sequence[Sentence]) -> list[Claim]:
    """Confirm or refute the facts that are quoted with a value; `says`: their texts with the values left open."""
    known = {fact.number: (fact, text) for fact, text in zip(facts, says, strict=True)}
    claims = []
    for sentence in sentences:
        if len(sentence.text) > 400:
            continue
        named = list(_NAMED.finditer(sentence.text))
        for place, found in enumerate(named):
            fact, text = known.get(int(found[1]), (None, ""))
            if fact is None or not isinstance(_single(fact.value), int | float):
                continue
            end = named[place + 1].start() if place + 1 < len(named) else len(sentence.text)
            rest = sentence.text[found.end() : end]
            number = _told(text, rest, sentence.text if len(named) == 1 else rest)
            if number is not None:
                claims.append(_claim(fact, sentence.text, number))
    return claims


def _told(says: str, rest: str, sentence: str) -> str | None:
    """The number that the sentence gives as the fact's: right behind its name, or behind the words before its value."""
    if direct := _DIRECT.match(rest):
        return direct[1]
    words = re.findall(r"\w+", says.partition("{")[0])[-3:]
    if len(words) == 3:
        pattern = r"\b" + r"\W{1,3}".join(map(re.escape, words)) + rf"\W{{0,4}}?({_NUMBER})(?![\w.]*\w)"
        if found := re.search(pattern, sentence, re.IGNORECASE):
            return found[1]
    return None


def _claim(fact: Fact, sentence: str, number: str) -> Claim:
    shown = [one.value for text in re.findall(_NUMBER, fact.text) if (one := read_number(text)) is not None]
    about, truth = bool(_ABOUT.search(sentence)), _single(fact.value)
    found = set()
    for text in _readings(number):
        claimed = read_number(text)
        if claimed is not None:
            found.add(Agreement.YES if claimed.value in shown else agrees(claimed, truth, about=about))
    if Agreement.YES in found:
        return Claim(Kind.FACT, Result.CONFIRMED, f"{fact.name}: {number}")
    if found != {Agreement.NO} or _DOUBTED.search(sentence):
        return Claim(Kind.FACT, Result.NOT_VERIFIED, sentence, f"{fact.name}: {fact.text}")
    return Claim(Kind.FACT, Result.REFUTED, sentence, f"{fact.name} says: {fact.text}")


def _readings(number: str) -> list[str]:
    """`709,8` is a decimal comma, `50,257` thousands; `1,349` may be either."""
    number = number.rstrip(",")
    return [number, *([number.replace(",", ".")] if number.count(",") == 1 and "." not in number else [])]


def _single(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, bool) else value
