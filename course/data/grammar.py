"""A Markov chain over words that writes simple English: its states, and what may follow each, with exact weights.

A state holds all that the future may depend on: the word before, the topic of the paragraph, the number the verb still
has to agree with. An *emission* takes one state to the next and appends a few bytes: a word with the space before it, a
comma, a full stop, the empty line between two paragraphs. Two facts make the entropy of the text exact:

- every probability is a whole number of 65536ths, and one fair 16-bit draw decides;
- from one state, two different emissions never append the same bytes, and an emission that follows a word begins with
  something that is not a letter. So the text tells where each emission ends and which state comes next: text and path
  of states determine each other (`chain.parse`), and the text has the chain's entropy, bit for bit.

The probabilities are made of integers and of hashes of words, never of floats: they are the same on every machine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from course.data.words import (
    ACTS,
    ADJECTIVES,
    ADVERBS,
    ANIMAL,
    FOOD,
    OPENERS,
    PERSON,
    PLACE,
    PREPOSITIONS,
    TAKES,
    THING,
    TOPICS,
    VOWELS,
    plural,
    third_person,
)

VERSION = 1  # another chain, another number: files and floors of one version belong together
DRAW_BITS = 16
WHOLE = 1 << DRAW_BITS


class State(NamedTuple):
    """All that what follows depends on. Equal fields, equal future."""

    role: str
    topic: str = ""  # of the paragraph; "" until its first noun or name
    word: str = ""  # the word that what follows looks back at
    agree: str = ""  # kind and number of the subject, as "ps", while a verb may still come
    form: str = ""  # what the article allows: "s", "p", "a", "an", or "" for all
    kinds: str = ""  # the kinds of noun that may come


START = State("start")

Choice = tuple[bytes, State]


@dataclass(frozen=True, slots=True)
class Row:
    """What may follow a state: the emissions, their weights (which sum to 65536) and the states they lead to."""

    emissions: tuple[bytes, ...]
    weights: tuple[int, ...]
    states: tuple[State, ...]


class _Options:
    """Collects groups of choices and turns them into a row."""

    def __init__(self) -> None:
        self.groups: list[tuple[int, list[Choice]]] = []

    def one(self, share: int, emission: str, state: State) -> None:
        self.many(share, [(emission.encode("ascii"), state)])

    def many(self, share: int, choices: list[Choice]) -> None:
        """Add choices from the best liked to the least, the first far likelier than the last."""
        if choices:
            self.groups.append((share, choices))

    def row(self) -> Row:
        weights = _weights(tuple((share, len(choices)) for share, choices in self.groups))
        emissions = tuple(emission for _, choices in self.groups for emission, _ in choices)
        if len(set(emissions)) != len(emissions):
            raise ValueError("two choices look alike: the text would not tell its states")
        return Row(emissions, weights, tuple(state for _, choices in self.groups for _, state in choices))


@functools.cache
def _weights(groups: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """Cut 65536 among groups of (share, number of choices); within a group, the n-th choice weighs 1/n of the first."""
    shares = _spread(WHOLE, [share for share, _ in groups])
    return tuple(
        weight
        for share, (_, count) in zip(shares, groups, strict=True)
        for weight in _spread(share, [10_000_000 // rank for rank in range(1, count + 1)])
    )


def _spread(total: int, shares: Sequence[int]) -> list[int]:
    """Cut a total into whole parts in proportion to the shares, none of them 0; what is left over goes to the first."""
    whole = sum(shares)
    parts = [max(1, total * share // whole) for share in shares]
    parts[0] += total - sum(parts)
    return parts


class Word(NamedTuple):
    """A word that may come: its bytes, with the space before it, and what a state remembers of it."""

    emission: bytes
    word: str
    topic: str = ""
    number: str = ""
    kinds: str = ""


def _word(written: str, word: str = "", *, lead: str = " ", **more: str) -> Word:
    return Word(f"{lead}{written}".encode("ascii"), word or written, **more)


def _ranked(taste: str, words: Iterable[Word], keep: int | None = None) -> list[Word]:
    """Put words into the order in which a context likes them: drawn by lot, but always the same lot."""
    seed = f"{VERSION} {taste}>".encode()
    return sorted(words, key=lambda word: blake2b(seed + word.emission, digest_size=8).digest())[:keep]


# ---------------------------------------------------------------- noun phrases

# An article, what it allows ("a" before a consonant, "an" before a vowel), and how often it comes.
_ARTICLES = [
    ("the", "", 50), ("a", "a", 20), ("an", "an", 5), ("every", "s", 4), ("some", "p", 5), ("two", "p", 4),
    ("three", "p", 3), ("many", "p", 3),
]  # fmt: skip


def _fits(word: str, form: str) -> bool:
    return form not in ("a", "an") or word.startswith(VOWELS) == (form == "an")


@functools.cache
def _nouns(kind: str, topic: str, form: str) -> list[Word]:
    """Return the nouns that may come. Without a topic yet, those of all topics."""
    words = []
    for name in [topic] if topic else TOPICS:
        for noun in TOPICS[name].nouns[kind]:
            if form != "p" and _fits(noun, form):
                words.append(_word(noun, topic=name, number="s"))
            if form in ("", "p"):
                words.append(_word(plural(noun), topic=name, number="p"))
    return words


@functools.cache
def _ranked_nouns(taste: str, kind: str, topic: str, form: str, keep: int | None = None) -> list[Word]:
    return _ranked(taste, _nouns(kind, topic, form), keep)


@functools.cache
def _adjectives(kinds: str, form: str) -> list[Word]:
    """Return the adjectives that suit some kind of noun that may come, each with the kinds it suits."""
    return [
        _word(adjective, kinds="".join(kind for kind in kinds if kind in suits))
        for adjective, suits in ADJECTIVES.items()
        if set(kinds) & set(suits) and _fits(adjective, form)
    ]


@functools.cache
def _ranked_adjectives(taste: str, kinds: str, form: str, keep: int | None = None) -> list[Word]:
    return _ranked(taste, _adjectives(kinds, form), keep)


def _number(form: str) -> str:
    """What an article still asks of the noun once an adjective stands between them."""
    return "s" if form in ("a", "an") else form


_SUBJECTS = {PERSON: 12, ANIMAL: 6, THING: 4, PLACE: 2, FOOD: 1}
_OBJECTS = (12, 6, 3, 1, 1)  # the verb's first kind of object is its likeliest


def _add_subjects(options: _Options, share: int, state: State) -> None:
    whole = sum(_SUBJECTS[kind] for kind in state.kinds)
    for kind in state.kinds:
        nouns = _ranked_nouns(f"subject {state.word}", kind, state.topic, state.form)
        choices = [(one.emission, State("subject", one.topic, one.word, kind + one.number)) for one in nouns]
        options.many(share * _SUBJECTS[kind] // whole, choices)


def _add_objects(options: _Options, share: int, state: State) -> None:
    whole = sum(_OBJECTS[: len(state.kinds)])
    for kind, part in zip(state.kinds, _OBJECTS, strict=False):
        nouns = _ranked_nouns(f"object {state.word}", kind, state.topic, state.form, keep=10)
        choices = [(one.emission, State("object", one.topic, one.word, state.agree)) for one in nouns]
        options.many(share * part // whole, choices)


# ---------------------------------------------------------------- clauses


@functools.cache
def _people(topic: str, lead: str = " ") -> list[Word]:
    """Return the people of a topic, or of all of them. A name tells the topic as a noun does."""
    people = [
        _word(name, lead=lead, topic=one) for one in ([topic] if topic else TOPICS) for name in TOPICS[one].people
    ]
    return _ranked("somebody", people)


def _add_clause(options: _Options, share: int, topic: str, *, lead: str, capital: bool) -> None:
    """Add what may begin a clause: an article, or somebody's name."""
    whole = sum(part for *_, part in _ARTICLES)
    for article, form, part in _ARTICLES:
        word = article.capitalize() if capital else article
        state = State("subject article", topic, form=form, kinds="".join(_SUBJECTS))
        options.one(share * 3 * part // (4 * whole), f"{lead}{word}", state)
    options.many(share // 4, [(one.emission, State("name", one.topic)) for one in _people(topic, lead)])


def _start(state: State) -> Row:
    """Begin a sentence; or, after a sentence, a paragraph, which forgets everything."""
    options = _Options()
    lead = " " if state.topic else ""
    if state.topic:
        options.one(1000, "\n\n", START)
    _add_clause(options, 5000, state.topic, lead=lead, capital=True)
    openers = _ranked("opener", (_word(word, lead=lead) for word in OPENERS))
    options.many(500, [(one.emission, State("opener", state.topic)) for one in openers])
    opening = _ranked(
        "opening", (_word(one.word.capitalize(), lead=lead) for one in PREPOSITIONS.values() if not one.origin)
    )
    options.many(
        500, [(one.emission, State("place article", state.topic, f"opening {one.word.lower()}")) for one in opening]
    )
    return options.row()


def _opener(state: State) -> Row:
    return Row((b",",), (WHOLE,), (State("clause", state.topic),))


def _clause(state: State) -> Row:
    options = _Options()
    _add_clause(options, 1000, state.topic, lead=" ", capital=False)
    return options.row()


def _subject_article(state: State) -> Row:
    options = _Options()
    choices = [
        (one.emission, State("subject adjective", state.topic, one.word, "", _number(state.form), one.kinds))
        for one in _ranked_adjectives("subject", state.kinds, state.form)
    ]
    options.many(350, choices)
    _add_subjects(options, 650, state)
    return options.row()


def _subject_adjective(state: State) -> Row:
    options = _Options()
    _add_subjects(options, 1000, state)
    return options.row()


def _subject(state: State) -> Row:
    """After the noun: where it is, or at once what it does. The verb agrees with the noun, however far away."""
    options = _Options()
    _add_verbs(options, 800, state)
    if PLACE not in state.agree:
        _add_prepositions(options, 200, state, "subject place")
    return options.row()


def _subject_place(state: State) -> Row:
    options = _Options()
    _add_verbs(options, 1000, state)
    return options.row()


def _name(state: State) -> Row:
    options = _Options()
    _add_verbs(options, 1000, State("name", state.topic, f"somebody in {state.topic}", f"{PERSON}s"))
    return options.row()


@functools.cache
def _takes(kind: str, number: str) -> list[Word]:
    return [_word(_bend(verb, number), verb, kinds=kinds) for verb, kinds in TAKES[kind].items()]


@functools.cache
def _acts(kind: str, number: str) -> list[Word]:
    return [_word(_bend(verb, number), verb) for verb in ACTS[kind]]


def _bend(verb: str, number: str) -> str:
    return third_person(verb) if number == "s" else verb


def _add_verbs(options: _Options, share: int, state: State, *, again: bool = False) -> None:
    """Add the verbs that suit the subject's kind and number; after `and` no further verb will agree with it."""
    kind, number = state.agree[0], state.agree[1]
    # People do one thing to something and then another; animals stop at that, and things do only one thing at a time.
    after_object = state.agree if kind == PERSON and not again else ""
    after_act = state.agree if kind in TAKES and not again else ""
    taste = f"verb {state.word}"
    if kind in TAKES:
        takes = _ranked(taste, _takes(kind, number), keep=16)
        options.many(
            share // 2,
            [(one.emission, State("verb", state.topic, one.word, after_object, "", one.kinds)) for one in takes],
        )
    if kind in ACTS:
        acts = _ranked(taste, _acts(kind, number), keep=10)
        options.many(
            share // 4, [(one.emission, State("act", state.topic, one.word, after_act, "", kind)) for one in acts]
        )
    if not again:
        word = "is" if number == "s" else "are"
        options.one(share // 8, f" {word}", State("being", state.topic, kinds=kind))


# ---------------------------------------------------------------- after the verb


def _verb(state: State) -> Row:
    options = _Options()
    for article, form, part in _ARTICLES:
        options.one(10 * part, f" {article}", state._replace(role="object article", form=form))
    if state.kinds.startswith(PERSON):
        somebody = State("object", state.topic, "somebody", state.agree)
        options.many(500, [(one.emission, somebody) for one in _people(state.topic)])
    return options.row()


def _object_article(state: State) -> Row:
    """After `mends the`: what this verb is often done to."""
    options = _Options()
    number = _number(state.form)
    choices = [
        # The likeliest kind that the adjective suits is meant from here on.
        (one.emission, State("object adjective", state.topic, one.word, state.agree, number, one.kinds[0]))
        for one in _ranked_adjectives(f"object {state.word}", state.kinds, state.form, keep=10)
    ]
    options.many(300, choices)
    _add_objects(options, 700, state)
    return options.row()


def _object_adjective(state: State) -> Row:
    options = _Options()
    _add_objects(options, 1000, state)
    return options.row()


def _object(state: State) -> Row:
    options = _Options()
    _add_ending(options, 600, state, place=200)
    return options.row()


@functools.cache
def _adverbs(verb: str, kind: str) -> list[Word]:
    return _ranked(f"adverb {verb}", (_word(adverb) for adverb in ADVERBS[kind]), 10)


def _act(state: State) -> Row:
    options = _Options()
    adverbs = _adverbs(state.word, state.kinds)
    options.many(300, [(one.emission, State("adverb", state.topic, one.word, state.agree)) for one in adverbs])
    _add_ending(options, 350, state, place=250)
    return options.row()


def _adverb(state: State) -> Row:
    options = _Options()
    _add_ending(options, 700, state, place=150)
    return options.row()


def _being(state: State) -> Row:
    """After `is`: what it is like, or where it is."""
    options = _Options()
    so = _ranked_adjectives(f"being in {state.topic}", state.kinds, "")
    options.many(700, [(one.emission, State("being so", state.topic)) for one in so])
    if state.kinds != PLACE:
        _add_prepositions(options, 300, state, "last place")
    return options.row()


def _last_place(state: State) -> Row:
    options = _Options()
    _add_ending(options, 800, state, place=0)
    return options.row()


def _add_ending(options: _Options, stop: int, state: State, *, place: int) -> None:
    """Add what may end a clause: a full stop, a place, or `and` with a second verb for the same subject."""
    options.one(stop, ".", State("start", state.topic))
    if place:
        _add_prepositions(options, place, state, "last place")
    if state.agree:
        options.one(150, " and", State("and", state.topic, f"second in {state.topic}", state.agree))


def _and(state: State) -> Row:
    options = _Options()
    _add_verbs(options, 1000, state, again=True)
    return options.row()


# ---------------------------------------------------------------- places


@functools.cache
def _prepositions(taste: str, *, origin: bool) -> list[Word]:
    return _ranked(taste, (_word(one.word) for one in PREPOSITIONS.values() if origin or not one.origin))


def _add_prepositions(options: _Options, share: int, state: State, role: str) -> None:
    """Add `near`, `behind` and so on; the place that follows has the role given."""
    choices = [
        (one.emission, State("place article", state.topic, f"{role} {one.word}", state.agree))
        for one in _prepositions(f"{role} {state.word}", origin=role == "subject place")
    ]
    options.many(share, choices)


@functools.cache
def _villages(topic: str) -> list[Word]:
    return _ranked(
        "village", (_word(name, topic=one) for one in ([topic] if topic else TOPICS) for name in TOPICS[one].villages)
    )


def _place_article(state: State) -> Row:
    """After a preposition: `the`, or at once the name of a village."""
    role, _, preposition = state.word.rpartition(" ")
    options = _Options()
    if PREPOSITIONS[preposition].place:
        options.one(750, " the", state._replace(role="place"))
    if PREPOSITIONS[preposition].village:
        villages = _villages(state.topic)
        options.many(250, [(one.emission, _after_place(role, one.topic, "village", state.agree)) for one in villages])
    return options.row()


def _place(state: State) -> Row:
    role, _, preposition = state.word.rpartition(" ")
    options = _Options()
    places = _ranked_nouns(f"place {preposition}", PLACE, state.topic, "s")
    options.many(1000, [(one.emission, _after_place(role, one.topic, one.word, state.agree)) for one in places])
    return options.row()


def _after_place(role: str, topic: str, place: str, agree: str) -> State:
    return State("opener", topic) if role == "opening" else State(role, topic, place, agree)


_ROLES: dict[str, Callable[[State], Row]] = {
    "start": _start, "opener": _opener, "clause": _clause, "subject article": _subject_article,
    "subject adjective": _subject_adjective, "subject": _subject, "name": _name, "verb": _verb,
    "object article": _object_article, "object adjective": _object_adjective, "object": _object, "act": _act,
    "adverb": _adverb, "being": _being, "being so": _last_place, "last place": _last_place, "and": _and,
    "place article": _place_article, "place": _place, "subject place": _subject_place,
}  # fmt: skip


def follow(state: State) -> Row:
    """Return what may follow a state."""
    return _ROLES[state.role](state)
