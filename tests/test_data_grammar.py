"""The synthetic corpus: a chain that can be read back, whose entropy is the published one; and its text."""

from __future__ import annotations

import hashlib
import lzma
import math
import random
import re
from bisect import bisect_right
from collections import Counter
from itertools import islice

import numpy as np
import pytest

from course.data import words
from course.data.chain import Chain, Links, parse, the_chain
from course.data.corpus import corpus, pieces, stream
from course.data.entropy import average, entropy_bits_per_byte, stationary
from course.data.grammar import WHOLE

MEGABYTE = 10**6
TOKEN = re.compile(rb"\n\n|[.,]| ?[A-Za-z]+")


@pytest.fixture(scope="module")
def whole() -> tuple[Chain, list[float]]:
    """The chain with every state found, and its stationary distribution."""
    chain = the_chain()
    return chain, stationary(chain)


@pytest.fixture(scope="module")
def text() -> bytes:
    return corpus(MEGABYTE)


def all_links(chain: Chain) -> list[Links]:
    return [chain.links(state) for state in range(len(chain.states))]


# ---------------------------------------------------------------- words


def test_no_noun_has_two_meanings() -> None:
    nouns = [noun for topic in words.TOPICS.values() for kind in topic.nouns.values() for noun in kind]
    forms = Counter(form for noun in nouns for form in (noun, words.plural(noun)))
    assert [form for form, count in forms.items() if count > 1] == []
    assert len(nouns) > 700


def test_nobody_and_no_village_has_two_topics() -> None:
    names = Counter(name for topic in words.TOPICS.values() for name in topic.people + topic.villages)
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize(
    ("noun", "expected"),
    [("baker", "bakers"), ("fox", "foxes"), ("ferry", "ferries"), ("donkey", "donkeys"), ("mouse", "mice"),
     ("postman", "postmen"), ("washerwoman", "washerwomen"), ("bench", "benches"), ("knife", "knives")],
)  # fmt: skip
def test_plurals(noun: str, expected: str) -> None:
    assert words.plural(noun) == expected


@pytest.mark.parametrize(
    ("verb", "expected"), [("mend", "mends"), ("carry", "carries"), ("watch", "watches"), ("enjoy", "enjoys")]
)
def test_the_third_person(verb: str, expected: str) -> None:
    assert words.third_person(verb) == expected


# ---------------------------------------------------------------- the chain


def test_one_draw_decides_and_every_choice_can_be_drawn(whole: tuple[Chain, list[float]]) -> None:
    chain, _ = whole
    for weights in {links.weights for links in all_links(chain)}:
        assert sum(weights) == WHOLE
        assert min(weights) >= 1


def test_from_each_state_the_text_tells_the_next(whole: tuple[Chain, list[float]]) -> None:
    chain, _ = whole
    everything = all_links(chain)
    letter = {state: set() for state in range(len(everything))}  # what the emissions into a state end with
    for links in everything:
        assert len(set(links.emissions)) == len(links.emissions)
        for emission, following in zip(links.emissions, links.following, strict=True):
            letter[following].add(emission[-1:].isalpha())
    for emission in {emission for links in everything for emission in links.emissions}:
        assert TOKEN.fullmatch(emission)
    for state, links in enumerate(everything):
        if True in letter[state]:
            assert not any(emission[:1].isalpha() for emission in links.emissions)


def test_no_state_is_unreachable_and_no_word_unused(whole: tuple[Chain, list[float]]) -> None:
    chain, visits = whole
    assert len(visits) == len(chain.states) == len(set(chain.states))
    assert min(visits) > 0
    used = {emission.strip().decode().lower() for links in all_links(chain) for emission in links.emissions}
    nouns = {noun for topic in words.TOPICS.values() for kind in topic.nouns.values() for noun in kind}
    wanted = nouns | set(map(words.plural, nouns)) | set(words.ADJECTIVES)
    for kind in words.TAKES:
        verbs = {*words.TAKES[kind], *words.ACTS[kind]}
        wanted |= verbs | set(map(words.third_person, verbs))
    wanted |= {name.lower() for topic in words.TOPICS.values() for name in topic.people + topic.villages}
    wanted |= {word.lower() for word in words.OPENERS} | {adverb for some in words.ADVERBS.values() for adverb in some}
    assert wanted - used == set()
    assert len(used) > 2500


def test_the_distribution_is_stationary(whole: tuple[Chain, list[float]]) -> None:
    chain, visits = whole
    now = np.array(visits)
    after = np.zeros(len(visits))
    for state, links in enumerate(all_links(chain)):
        np.add.at(after, list(links.following), now[state] * np.array(links.weights) / WHOLE)
    assert now.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(after, now, rtol=1e-10, atol=0)


# ---------------------------------------------------------------- the entropy


def test_the_published_entropy_is_the_grammars(whole: tuple[Chain, list[float]]) -> None:
    chain, visits = whole
    assert average(chain, visits).bits_per_byte == pytest.approx(entropy_bits_per_byte(), rel=1e-12)
    # The same sums once more, in their plainest form.
    bits = sum(p * w / WHOLE * math.log2(WHOLE / w) for p, one in zip(visits, all_links(chain), strict=True)
               for w in one.weights)  # fmt: skip
    size = sum(p * w / WHOLE * len(e) for p, one in zip(visits, all_links(chain), strict=True)
               for w, e in zip(one.weights, one.emissions, strict=True))  # fmt: skip
    assert entropy_bits_per_byte() == pytest.approx(bits / size, rel=1e-11)


def test_a_megabyte_costs_as_many_bits_as_published(text: bytes) -> None:
    """Paragraphs are independent, so their scatter gives the standard error of the bits per byte."""
    paragraphs: list[tuple[float, int]] = []
    bits, size, end = 0.0, 0, 0
    for weight, state in parse(text):
        match = TOKEN.match(text, end)
        assert match is not None
        bits, size, end = bits + math.log2(WHOLE / weight), size + len(match[0]), match.end()
        if state == 0:
            paragraphs.append((bits, size))
            bits, size = 0.0, 0
    cost, length = np.array(paragraphs).T
    rate = cost.sum() / length.sum()
    error = math.sqrt(((cost - rate * length) ** 2).sum()) / length.sum()
    assert len(paragraphs) > 1000
    assert error < 0.002
    assert abs(rate - entropy_bits_per_byte()) < 3 * error


def test_one_who_does_not_know_the_grammar_needs_more(text: bytes) -> None:
    assert 8 * len(lzma.compress(text)) / len(text) > 2 * entropy_bits_per_byte()


def test_the_path_can_be_read_back_from_the_text(whole: tuple[Chain, list[float]]) -> None:
    chain, _ = whole
    draw, state, path, text = random.Random(1), 0, [], b""
    for _ in range(5000):
        links = chain.links(state)
        at = bisect_right(links.bounds, draw.getrandbits(16))
        state = links.following[at]
        path.append((links.weights[at], state))
        text += links.emissions[at]
    assert list(parse(text)) == path[:-1]


@pytest.mark.parametrize("wrong", [b"Colourless green ideas.", b"The baker bake the", b"The  baker", "Thé".encode()])
def test_other_text_is_not_of_this_grammar(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="no sentence of this grammar goes on with"):
        list(parse(wrong + b" more"))


# ---------------------------------------------------------------- the text


def test_the_same_seed_gives_the_same_bytes_everywhere(text: bytes) -> None:
    """A change of this digest is another corpus: it needs another VERSION in course/data/grammar.py."""
    assert hashlib.sha256(text).hexdigest() == "cd39496cde025ae860130c1942c4974e8a75869c6bcdc44c22aa713138569fb6"
    assert corpus(1000, seed=1) != corpus(1000, seed=2)


def test_a_short_text_is_the_beginning_of_a_longer_one(text: bytes) -> None:
    for size in (1, 7, 999, 20_000, 20_001, 123_456):
        assert corpus(size) == text[:size]


def test_the_text_comes_in_small_pieces() -> None:
    first = list(islice(stream(3), 10))
    assert max(map(len, first)) < 40_000
    assert b"".join(pieces(50_000, 3)) == b"".join(first)[:50_000]


def test_the_text_reads_like_english(text: bytes) -> None:
    said = text.decode("ascii")
    paragraphs = said.split("\n\n")[:-1]
    for paragraph in paragraphs:
        assert re.fullmatch(r"([A-Z][a-zA-Z, ]+\. ?)+", paragraph)
    assert re.findall(r"\b[Aa] [aeiou]\w+|\b[Aa]n [^aeiou]\w+", said) == []
    assert re.findall(r"  | [.,]|\b(every|a|an) \w+ are\b", said) == []
    sentences = said.count(".")
    assert 5 < len(said.split()) / sentences < 12
    assert 3 < sentences / len(paragraphs) < 12
