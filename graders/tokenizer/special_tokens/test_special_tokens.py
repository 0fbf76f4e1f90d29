"""The hidden grader of 1.6. Its oracle reads a text character by character, and replays the training on every piece."""

import functools
import itertools
import json
import random
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check

few = settings(max_examples=10)

# ---------------------------------------------------------------- the oracle


@functools.cache
def kind(character):
    if character.isspace() and character not in "\x1c\x1d\x1e\x1f":
        return " "
    return {"L": "L", "N": "N"}.get(unicodedata.category(character)[0], "?")


def split(text):
    """GPT-2's split, one piece at a time: a contraction, a run of one kind with a space before it, or white space."""
    pieces, kinds, start = [], [*map(kind, text), "end"], 0
    while start < len(text):
        end = run_ends(kinds, start)
        contraction = next((c for c in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d") if text.startswith(c, start)), "")
        if contraction:
            end = start + len(contraction)
        elif text[start] == " " and end == start + 1 and end < len(text):
            end = run_ends(kinds, end)
        elif kinds[start] == " " and end < len(text) and end > start + 1:
            end -= 1  # white space keeps its last character for the piece that follows, if it has another
        pieces.append(text[start:end])
        start = end
    return pieces


def run_ends(kinds, start):
    """Where the characters that begin at `start` cease to be of one kind."""
    end = start
    while kinds[end] == kinds[start]:
        end += 1
    return end


def joined(tokens, pair):
    """The tokens with each occurrence of a pair made one, from left to right."""
    after = []
    for token in tokens:
        # What the merge has made is longer than the left token of its pair, so it is not taken for that.
        if after and (after[-1], token) == pair:
            after[-1] = pair[0] + pair[1]
        else:
            after.append(token)
    return after


def tokens_of(text, merges):
    """The tokens of ordinary text: in each piece, every merge in its turn, as in training."""
    found = []
    for piece in split(text):
        tokens = [bytes([byte]) for byte in piece.encode()]
        for pair in merges:
            tokens = joined(tokens, pair)
        found += tokens
    return found


def parts_of(text, specials):
    """The text cut at special tokens: (ordinary text, special token or None) each, character by character."""
    parts, begin, i = [], 0, 0
    while i < len(text):
        here = [token for token in specials if text.startswith(token, i)]
        if here:
            token = max(here, key=len)
            parts.append((text[begin:i], token))
            begin = i = i + len(token)
        else:
            i += 1
    return [*parts, (text[begin:], None)]


# GPT-2's table: the bytes that are printed as themselves, then the others from U+0100 on.
SELVES = [*range(33, 127), *range(161, 173), *range(174, 256)]
TABLE = {byte: chr(byte) for byte in SELVES}
TABLE |= {byte: chr(0x100 + n) for n, byte in enumerate(byte for byte in range(256) if byte not in SELVES)}


def written(token):
    return "".join(TABLE[byte] for byte in token)


# ---------------------------------------------------------------- tokenizers

BYTES = {byte: bytes([byte]) for byte in range(256)}


@dataclass(frozen=True)
class Model:
    """What a Tokenizer is made of, and what it then must know. The bytes have the ids 0 to 255."""

    merges: tuple = ()
    specials: tuple = ()
    more: dict = field(default_factory=dict)  # registered with ids of their own
    entries: dict = field(default=None)  # ids above the bytes; by default the merges from 256 on

    @functools.cached_property
    def given(self):
        if self.entries is not None:
            return self.entries
        return {256 + k: a + b for k, (a, b) in enumerate(self.merges)}

    @property
    def sent(self):
        return self.given, list(self.merges), list(self.specials)

    @functools.cached_property
    def special_ids(self):
        vocab, found = BYTES | self.given, {}
        for token in dict.fromkeys(self.specials):
            wanted = token.encode()
            known = [i for i, entry in vocab.items() if entry == wanted]
            found[token] = max(known) if known else next(i for i in itertools.count(len(vocab)) if i not in vocab)
            vocab[found[token]] = token.encode()
        return found | self.more

    @functools.cached_property
    def above(self):
        """The vocabulary without the bytes."""
        return self.given | {i: token.encode() for token, i in self.special_ids.items() if i > 255}

    @functools.cached_property
    def lowest(self):
        """The id of ordinary text: of entries with the same bytes the lowest."""
        return {entry: i for i, entry in sorted((BYTES | self.above).items(), reverse=True)}

    def encoded(self, text, allowed=None):
        special, ids, found = self.special_ids, self.lowest, []
        for part, token in parts_of(text, special if allowed is None else allowed):
            found += [ids[one] for one in tokens_of(part, self.merges)]
            found += [] if token is None else [special[token]]
        return found

    @property
    def shown(self):
        vocab = "{i: bytes([i]) for i in range(256)}"
        vocab += f" | {self.given}" if self.given else ""
        specials = f", {list(self.specials)}" if self.specials else ""
        more = f"; t.register_special_tokens({self.more})" if self.more else ""
        return f"t = Tokenizer({vocab}, {list(self.merges)}{specials}){more}"

    def taking(self, *steps):
        return [*([("register_special_tokens", self.more)] if self.more else []), *steps]


END = "<|end|>"
LOW = ((b"o", b"w"), (b"l", b"ow"), (b" ", b"low"), (b"<", b"|"), (b" ", b" "), (b"\n", b"\n"))
# With these a piece that was given away too early, or cut elsewhere, has other ids.
EDGES = (*LOW, (b"'", b"r"), (b"'", b"v"), (b"'", b"l"), (b"!", b"'"), (b"1", b"2"), (b"\n", b" "), (b"\r", b"\n"))
ONE = Model(LOW, (END,))

# Special tokens that begin alike, overlap, contain one another, hold spaces, or are orders to a regular expression; and
# what stands beside them.
SPECIALS = [
    ((END,), ("<|", "|>", "<|en", "d|>", "low", " ", "\n", "  ")),
    (("ab", "abc", "abcd"), ("a", "b", "c", "d", "x", " ")),
    (("aa", "aaa"), ("a", "b", " ")),
    (("xab", "abcde"), ("x", "cde", "ab", "abc", "y")),
    (("[a-c]*", "a|b", "(", ".", "a+"), ("a", "b", "|", "x", " ")),
    (("$", "^", "\\", "\\d"), ("a", "1", " ", "d")),
    (("é🙂", "🙂", "\u0301"), ("é", "e", " ", "🙃")),
    (("\n\n", " ", "  x"), ("\n", "a", "b", "  ")),
    (("<| the end |>", "<|", "'s"), ("<| the", " end", "'", "s", "don't", " |>")),
    (("'",), ("'re", "l", " 'll", "s")),
]
PLAIN = (
    "'",
    "'r",
    "e",
    "'s",
    "ll",
    " ",
    "  ",
    "\n",
    "\r\n",
    "a",
    "é",
    "1",
    "²",
    "!",
    "日",
    "\u00a0",
    "\u3000",
    "\x1c",
    "🙂",
)


@st.composite
def cases(draw, most=9):
    """A tokenizer with special tokens, and a text in which they stand with pieces of them and other things."""
    specials, others = draw(st.sampled_from(SPECIALS))
    text = "".join(draw(st.lists(st.sampled_from([*specials, *others, *PLAIN[:7]]), max_size=most)))
    chosen = draw(st.permutations(specials))
    return Model(
        draw(st.sampled_from([LOW, EDGES, (), ((b"a", b"b"), (b" ", b"a"), (b"ab", b"c"))])), tuple(chosen)
    ), text


# ---------------------------------------------------------------- claims


def called(steps):
    said = [
        f"{name}({', '.join(map(short, args))})" if args and name not in ("vocab", "special_tokens") else name
        for name, *args in steps
    ]
    return "; ".join(f"t.{one}" for one in said)


def short(value):
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:240]}…  # {len(value):,} in all"


def session(learner, model, *steps):
    """What a Tokenizer gives for each step: an attribute, or a method and its arguments."""
    taken = model.taking(*steps)
    given = learner.probe("session", model.sent, *taken, shown=f"{model.shown}; {called(steps)}")
    return given[len(taken) - len(steps) :]


def ids_hold(ids, model, text, allowed=None, what="encode"):
    """The ids are the expected ones; if not, say which tokens they stand for."""
    same(ids, model.encoded(text, allowed), BYTES | model.above, what)


def same(ids, expected, vocab, what):
    check.that(isinstance(ids, list), f"{what} gives {check.describe(ids)}, expected a list")
    if ids == expected:
        return
    if strange := [i for i in ids if type(i) is not int or i not in vocab]:
        check.fail(f"{what} gives {check.shorten(strange[0])}, which is no id of the vocabulary")
    got, want = ([vocab[i] for i in some] for some in (ids, expected))
    if got == want:
        k = next(k for k, (a, b) in enumerate(zip(ids, expected, strict=True)) if a != b)
        check.fail(f"{what}: [{k}] is the id {ids[k]}, expected {expected[k]}", f"both are {want[k]!r}")
    check.fail(
        f"{what} gives {check.shorten(got)}, expected {check.shorten(want)}",
        f"ids {check.shorten(ids)}, expected {check.shorten(expected)}",
    )


# ---------------------------------------------------------------- the constructor


@settings(max_examples=15)
@given(st.lists(st.sampled_from([END, "<|b|>", "<|a|>", "fin é", "🙂", " ", "low"]), min_size=1, max_size=5))
@example([END])
@example(["<|b|>", "<|a|>", "<|b|>"])
def test_specials_appended(learner, specials):
    """A special token that vocab lacks is appended with the id len(vocab), in the order given, and only once."""
    model = Model(LOW[:1], tuple(specials))
    found, vocab = session(learner, model, ("special_tokens",), ("vocab", 256))
    check.equal(found, model.special_ids, what="special_tokens")
    check.equal(vocab, model.above, what="vocab from 256 on")


def test_specials_in_vocab(learner):
    """A special token that vocab has already keeps its id; of several entries with its bytes it gets the highest."""
    for entries, specials in (
        ({256: b"ow", 300: END.encode()}, (END,)),
        ({256: b"ow", 257: "é🙂".encode(), 258: b"x"}, ("é🙂", "<|a|>")),
        ({256: b"ow", 400: b"a", 300: b"a"}, ("a", END)),
        ({256: b"ow"}, ("o", "ow", END)),
        ({256: b"ow"}, ("\x00", END)),
        ({256: b"ow", 500: b"<|x|>", 499: b"<|x|>", 501: b"o"}, ("<|x|>", "o")),
    ):
        model = Model(LOW[:1], specials, entries=entries)
        text = "a ow".join(("", *specials, "z"))
        found, vocab, ids = session(learner, model, ("special_tokens",), ("vocab", 256), ("encode", text))
        check.equal(found, model.special_ids, what="special_tokens")
        check.equal(vocab, model.above, what="vocab from 256 on")
        ids_hold(ids, model, text)


def test_specials_free_ids(learner):
    """Where the id len(vocab) is taken, the special token gets the next one that is free; no entry is lost."""
    for entries in ({257: b"ow"}, {258: b"ow", 257: b"x"}, {258: b"ow", 259: b"x", 260: b"y"}, {260: b"ow"}):
        model = Model(LOW[:1], (END, "<|b|>"), entries=entries)
        found, vocab, back = session(learner, model, ("special_tokens",), ("vocab", 256), ("decode", list(entries)))
        check.equal(found, model.special_ids, what="special_tokens")
        check.equal(vocab, model.above, what="vocab from 256 on")
        check.equal(back, b"".join(entries.values()).decode(), what="decode of the entries given")


def test_empty_special(learner):
    """An empty special token raises ValueError, in the constructor and when it is registered."""
    for specials in ([""], [END, ""]):
        with check.raises("ValueError"):
            session(learner, Model(LOW, tuple(specials)))
    with check.raises("ValueError"):
        session(learner, ONE, ("register_special_tokens", {"": 1000}))


@few
@given(cases())
@example((ONE, "low<|end|>low"))
def test_nothing_given_is_changed(learner, case):
    """vocab, merges, special tokens, a dict that is registered and a set of allowed ones are as they were given."""
    model, text = case
    more, allowed = {"<|more|>": 5000}, {*model.specials[:1], "<|more|>", "<|unknown|>"}
    shown = f"{model.shown}; t.register_special_tokens({more}); t.encode({text!r}, {allowed})"
    found = learner.probe("keeps", model.sent, text, more, allowed, shown=f"{shown}  # what was given, afterwards")
    given = {"vocab": model.given, "merges": list(model.merges), "list of special tokens": list(model.specials)}
    for (what, want), got in zip([*given.items(), ("dict", more), ("set", allowed)], found, strict=True):
        check.equal(got, want, what=f"the {what} given")


# ---------------------------------------------------------------- encode


@settings(max_examples=30)
@given(cases())
@example((ONE, "low<|end|> low"))
@example((ONE, "<|end|>"))
@example((ONE, "<|en<|end|><|end|>d|>"))
@example((ONE, ""))
def test_encode(learner, case):
    """Special tokens become their ids, and each part between them the ids of ordinary text."""
    model, text = case
    (ids,) = session(learner, model, ("encode", text))
    ids_hold(ids, model, text)


def test_encode_longest(learner):
    """Where several special tokens begin at one place, the longest is meant, however they are listed."""
    tokens = ("<|a|>", "<|a|><|b|>", "<|a|><|b|>!")
    text = "1<|a|><|b|>2<|a|>3<|b|>4<|a|><|b|>!5"
    for order in itertools.permutations(tokens):
        model = Model((), order)
        (ids,) = session(learner, model, ("encode", text))
        ids_hold(ids, model, text)


def test_encode_leftmost(learner):
    """The text is read from left to right: the special token that begins first counts, not the longest one."""
    for specials, texts in (
        (("abcde", "xab"), ("xabcde", "abcdexab")),
        (("aa",), ("aaa", "aaaaa")),
        (("ab", "ba"), ("aba",)),
    ):
        for text in texts:
            model = Model((), specials)
            (ids,) = session(learner, model, ("encode", text))
            ids_hold(ids, model, text)


def test_encode_literal(learner):
    """Special tokens are plain text, whatever their characters mean in a regular expression, and to the letter."""
    text = "a.b|c[d]e*f(g a\\d ^$ c[d]e*f"
    for token in (".", "|", "[d]", "e*", "(", "c[d]e*f", "\\d", "^$", "a.b|c"):
        model = Model((), (token,))
        (ids,) = session(learner, model, ("encode", text))
        ids_hold(ids, model, text)
    (ids,) = session(learner, ONE, ("encode", "<|End|> <end> <|end |>|end|"))
    ids_hold(ids, ONE, "<|End|> <end> <|end |>|end|")


@settings(max_examples=15)
@given(st.lists(st.sampled_from([END, " low", "low", "  ", " ", "\n", "\n\n", "'", "s", "'s", "1", "!"]), max_size=7))
@example(["low", "  ", END, "low"])
@example(["'", END, "s"])
@example(["low", END, " low", END])
@example(["\n", END, "\n", "\n"])
def test_encode_each_part(learner, parts):
    """Each part is split as if the rest were not there: a special token ends the text before it."""
    text = "".join(parts)
    (ids,) = session(learner, ONE, ("encode", text))
    ids_hold(ids, ONE, text)


def test_encode_inside_a_word(learner):
    """A special token is found inside a word and between spaces, and no merge takes a piece of it."""
    model = Model(((b"l", b"o"), (b"lo", b"w"), (b"w", b"e"), (b" ", b"w")), ("ow", "we "))
    for text in ("low", "lowlow we low", "swe et", " we ", "owow", "l ow"):
        (ids,) = session(learner, model, ("encode", text))
        ids_hold(ids, model, text)


TWO = Model(LOW, (END, "<|end|><|end|>", "low"))


@few
@given(cases())
@example((TWO, "a low<|end|><|end|>"))
@example((ONE, "no special token here"))
def test_allowed_all_and_none(learner, case):
    """allowed_special "all" is as without it; with "none" the special tokens are ordinary text."""
    model, text = case
    usual, everything, nothing = session(
        learner, model, ("encode", text), ("encode", text, "all"), ("encode", text, "none")
    )
    ids_hold(usual, model, text)
    ids_hold(everything, model, text, what='encode(…, "all")')
    ids_hold(nothing, model, text, allowed=(), what='encode(…, "none")')


@few
@given(cases(5))
@example((ONE, "low<|end|>"))
@example((ONE, "low <|end |>"))
@example((TWO, "slow"))
def test_allowed_none_raise(learner, case):
    """With allowed_special "none_raise" a text with a special token raises ValueError; any other is ordinary text."""
    model, text = case
    if any(token in text for token in model.specials):
        with check.raises("ValueError"):
            session(learner, model, ("encode", text, "none_raise"))
        text = "x"
    if not any(token in text for token in model.specials):
        (ids,) = session(learner, model, ("encode", text, "none_raise"))
        ids_hold(ids, model, text, allowed=())


@settings(max_examples=15)
@given(cases(), st.integers(0, 31))
@example((TWO, "a low<|end|><|end|> low"), 1)
@example((TWO, "a low<|end|><|end|> low"), 5)
@example((TWO, "a low<|end|><|end|> low"), 0)
def test_allowed_set(learner, case, mask):
    """With a set, the special tokens in it count, the longest first; the others, and strangers, are ordinary text."""
    model, text = case
    allowed = {token for place, token in enumerate(model.specials) if mask >> place & 1}
    ids, more = session(learner, model, ("encode", text, allowed), ("encode", text, {*allowed, "e", "<|unknown|>"}))
    ids_hold(ids, model, text, allowed=allowed)
    again = {token for token in {*allowed, "e", "<|unknown|>"} if token in model.special_ids}
    ids_hold(more, model, text, allowed=again, what="encode with strangers in the set")


@settings(max_examples=10)
@given(st.sampled_from(["ALL", "some", "", END, "none raise"]), st.sampled_from(["low", "low<|end|>"]))
@example("ALL", "low")
@example(END, "low<|end|>")
def test_allowed_anything_else(learner, value, text):
    """Any other value of allowed_special raises ValueError."""
    with check.raises("ValueError"):
        session(learner, ONE, ("encode", text, value))


@settings(max_examples=15)
@given(cases())
@example((ONE, "low<|end|>é"))
def test_round_trip(learner, case):
    """decode knows the special tokens: every text comes back."""
    model, text = case
    (back,) = session(learner, model, ("decode", model.encoded(text)))
    check.equal(back, text, what="decode")


@few
@given(st.sampled_from(["\ud800", "a\udc80b<|end|>", "<|end|>\udfff"]))
@example("<|end|>\udfff")
def test_surrogates(learner, text):
    """An unpaired surrogate raises ValueError beside special tokens, too, in encode and in encode_iterable."""
    with check.raises("ValueError"):
        session(learner, ONE, ("encode", text))
    with check.raises("ValueError"):
        streams(learner, ONE, list(text))


# ---------------------------------------------------------------- register_special_tokens


def test_register(learner):
    """A registered special token has the id that was named, in encode, in decode and in vocab; the others stay."""
    for more in ({"<|user|>": 1000}, {"<|a|>": 700, "<|a|><|b|>": 600, " ": 650}, {}):
        for first in ((), (END,)):
            model = Model(LOW, first, more)
            text = "low<|a|><|b|> <|end|><|user|>low<|a|>"
            steps = (("encode", text), ("decode", model.encoded(text)), ("special_tokens",), ("vocab", 256))
            ids, back, found, vocab = session(learner, model, *steps)
            ids_hold(ids, model, text)
            check.equal(back, text, what="decode")
            check.equal(found, model.special_ids, what="special_tokens")
            check.equal(vocab, model.above, what="vocab from 256 on")


def test_register_taken(learner):
    """An id that another token has raises ValueError; an entry with the very bytes of the token is its own."""
    for more in (
        {"<|a|>": 97},
        {"<|a|>": 256},
        {"<|a|>": ONE.special_ids[END]},
        {"<|a|>": 900, "<|b|>": 900},
        {"<|a|>": 900, "<|b|>": 0},
    ):
        with check.raises("ValueError"):
            session(learner, ONE, ("register_special_tokens", more))
    model = Model(LOW, (END,), {"a": 97, "ow": 256, END: ONE.special_ids[END]})
    text = "a low<|end|>ow"
    ids, found = session(learner, model, ("encode", text), ("special_tokens",))
    check.equal(found, model.special_ids, what="special_tokens")
    ids_hold(ids, model, text)


def test_register_later(learner):
    """What is registered later is added and counts from then on, in a text that was encoded before, too."""
    text, one, two = "low<|a|> <|end|><|b|>low", {"<|a|>": 900}, {"<|b|>": 700}
    known = [Model(LOW, (END,), more) for more in ({}, one, one | two)]
    steps = (("encode", text), ("register_special_tokens", one), ("encode", text), ("register_special_tokens", two))
    first, _, second, _, third, found = session(learner, ONE, *steps, ("encode", text), ("special_tokens",))
    for model, ids in zip(known, (first, second, third), strict=True):
        ids_hold(ids, model, text)
    check.equal(found, known[-1].special_ids, what="special_tokens")


# ---------------------------------------------------------------- encode_iterable


def streams(learner, model, *texts):
    """The ids of texts that come in chunks."""
    said = "; ".join(f"list(t.encode_iterable({short(chunks)}))" for chunks in texts[:3])
    more = f"  # and {len(texts) - 3} more" if len(texts) > 3 else ""
    return learner.probe("stream", model.sent, model.more, *texts, shown=f"{model.shown}; {said}{more}")


def cut(text, places):
    """The text in chunks that end at these places; the same place twice gives an empty chunk."""
    ends = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(ends)]


@settings(max_examples=40)
@given(cases(), st.lists(st.integers(0, 99), max_size=6))
@example((ONE, "low<|end|> low"), [3, 5, 5])
@example((ONE, "low  low"), [4])
@example((ONE, "low"), [])
@example((ONE, ""), [0])
def test_stream(learner, case, places):
    """encode_iterable gives the ids of the whole text, wherever the chunks end."""
    model, text = case
    (ids,) = streams(learner, model, cut(text, places))
    ids_hold(ids, model, text, what="encode_iterable")


# Texts in which the end of a chunk may deceive: white space whose last character belongs to what follows, contractions
# of which half has come, words that go on, special tokens that have begun or may be longer, or were none after all.
EDGY = Model(EDGES, (END,))
DECEPTIVE = [
    (EDGY, "low  low   low"),
    (EDGY, "a\n\n b \n\nc"),
    (EDGY, "\n\nlow\n\n\nlow \n low"),
    (EDGY, "it're 've'll'd"),
    (EDGY, "a'r'l'v'x 's"),
    (EDGY, " 're don't 'tis !'s"),
    (EDGY, "lowlow l ow12 3²a"),
    (EDGY, "low<|end|>low<|end|><|end"),
    (EDGY, "<|<|e<|end|>|end|>"),
    (EDGY, "  <|end|>  low <|end|>\n"),
    (EDGY, "<|end|"),
    (EDGY, "\r\n\r\nlow\u3000\u00a0 low"),
    (EDGY, "e\u0301e\u0301 🙂\u200d🙃"),
    (Model(EDGES, ("ab", "abc", "abcde")), "abcdabcdeababcab"),
    (Model((), ("aa", "aaaa")), "aaaaaaa baaa"),
    (Model(EDGES, ("xab", "abcde")), "xabcdexaabcdxabab"),
    (Model(EDGES, ("  ", " low")), "   low  low    "),
    (Model(EDGES, ("<| the end |>", "<|")), "a <| the en <| the end |> <|"),
    (Model(EDGES, ("'s", "'")), "it's 're's '"),
    (Model(EDGES, ("\n\n",)), "a\n\n\n b\n \n\n"),
    (Model(EDGES), "low  lower 've\n\n"),
    (Model(EDGES, ("abab", "b")), "ababaab abab"),
    (Model(EDGES, ("aab", "ab ")), "aaab ab aab"),
    (Model(EDGES, ("<|a|>",), {"<|a|><|b|>": 900, " low": 901}), "a<|a|> low<|a|><|b|><|a|><|b"),
]


def test_stream_every_cut(learner):
    """The ids are the same for a text cut in two at any place, cut at every character, and with empty chunks."""
    for model, text in DECEPTIVE:
        cuts = [[text[:i], text[i:]] for i in range(len(text) + 1)]
        cuts += [list(text), ["", *text, ""], [text], [text[k : k + 3] for k in range(0, len(text), 3)]]
        expected = model.encoded(text)
        for chunks, ids in zip(cuts, streams(learner, model, *cuts), strict=True):
            answer = ids if ids == expected else streams(learner, model, chunks)[0]  # alone, to be shown
            same(answer, expected, BYTES | model.above, "encode_iterable")


@settings(max_examples=20)
@given(st.lists(st.sampled_from(PLAIN), max_size=12), st.lists(st.integers(0, 40), max_size=4))
@example(["'", "r", "e"], [1, 2])
@example(["a", "  ", "a"], [2])
@example(["\n", "\n", "\r\n", "a"], [1])
def test_stream_ordinary_text(learner, parts, places):
    """The same holds for a tokenizer without special tokens, and for text of every kind."""
    text, model = "".join(parts), Model(EDGES)
    whole, single = streams(learner, model, cut(text, places), list(text))
    ids_hold(whole, model, text, what="encode_iterable")
    ids_hold(single, model, text, what="encode_iterable, one character at a time,")


def test_stream_any_iterable(learner):
    """Any iterable of str will do: a str, a tuple, a generator, an open file; no line end is lost."""
    text = "low lowb\r\nbab <|end|>\n\n low\rb  b\n"
    for sort in ("file", "generator", "str", "tuple"):
        shown = f"{ONE.shown}; list(t.encode_iterable(…))  # a {sort} of {text!r}"
        expected = text.replace("b", "") if sort == "tuple" else text
        ids = learner.probe("stream_of", ONE.sent, text, sort, shown=shown)
        ids_hold(ids, ONE, expected, what=f"encode_iterable of a {sort}")


def test_stream_iterator(learner):
    """encode_iterable returns an iterator, and has read nothing before an id is asked for."""
    shown = f"{ONE.shown}; ids = t.encode_iterable(chunks)"
    seen = learner.probe("begins", ONE.sent, ["low ", "low ", "low"], shown=shown)
    check.that(seen["iterator"], "encode_iterable does not return an iterator", "next(ids) must work on it")
    check.that(not seen["read"], f"{seen['read']} chunks had been read before the first id was asked for")


LINES = [
    "low lowen end\n",
    "is it's 12 low,\n",
    "日本 語 low\n",
    "a\n",
    "<|end|>low low low\n",
    "<|en low <|\n",
    "low low",
] * 3
PIECES = ["a1b2!c3", "4d.5e?", "日,本", "x2", "<|en", "d|>y3z", "7'8\"9"] * 4


def test_stream_does_not_wait(learner):
    """Before the next chunk is read, the ids of the text so far have been given, but those of its very end."""
    for model, chunks in ((ONE, LINES), (ONE, PIECES), (Model(LOW), LINES), (TWO, PIECES)):
        least, certain = [0], [""]
        longest = max(map(len, model.special_ids), default=0)
        for k in range(1, len(chunks) + 1):
            text = "".join(chunks[:k])
            parts = parts_of(text[: max(len(text) - longest, 0)], model.special_ids)
            last = "".join(split(parts[-1][0])[:-3])
            certain.append("".join(part + (token or "") for part, token in parts[:-1]) + last)
            least.append(len(model.encoded(certain[-1])))
        shown = f"{model.shown}; list(t.encode_iterable({short(chunks)}))"
        late = learner.probe("too_few", model.sent, chunks, least, shown=shown)
        check.that(
            late is None,
            f"when {late} chunks had been read, the next was read before the ids of what came before were given",
            f"the text so far ends with {''.join(chunks[: late or 0])[-50:]!r}",
            f"the ids must have been given up to {certain[late or 0][-50:]!r}",
        )


def test_streams_at_once(learner):
    """Several streams of one tokenizer may be under way, and encode may be called between."""
    one, other, between = ["low lo", "w<|en", "d|>low"], ["a  ", "b", "", " <|end|>", "low low"], "low<|end|>"
    shown = f"{ONE.shown}; a, b = t.encode_iterable({one}), t.encode_iterable({other})  # an id of each in turn"
    first, second, middle = learner.probe("in_turn", ONE.sent, one, other, between, shown=shown)
    ids_hold(first, ONE, "".join(one), what="the first stream")
    ids_hold(second, ONE, "".join(other), what="the second stream")
    ids_hold(middle, ONE, between)


# Chunks of some 400 characters: ordinary lines with special tokens, and a text without any white space.
CHUNKS = ["low is it's 12 lowen end, and\n\n  so on<|end|>" * 9, "ab1cd2.ef3," * 36]


def test_memory(learner):
    """The memory needed does not grow with the text: far less than 1 MB, and nothing read is kept."""
    for chunk in CHUNKS:
        (ids,) = streams(learner, ONE, [chunk[:40], chunk[:60]])
        ids_hold(ids, ONE, chunk[:40] + chunk[:60], what="encode_iterable")
        shown = f"{ONE.shown}; chunks = ({chunk[: len(chunk) // 9]!r} * 9 for _ in range(12_500))\n"
        shown += "for i in t.encode_iterable(chunks): ...  # the memory meanwhile"
        seen = learner.probe("peaks_exceed", ONE.sent, chunk, 2_000, 100_000, 1_000_000, 3_000, shown=shown)
        check.that(not seen["ahead"], "more than 100,000 characters had been read before the next id came")
        check.that(not seen["peak"], "more than 1 MB was held at once", "a chunk has 400 characters")
        check.that(not seen["growth"], "the more has been read, the more is held", "a chunk has 400 characters")


def test_memory_of_words(learner):
    """However many different words there are, at most 1,000 of them are remembered."""
    (ids,) = streams(learner, ONE, ["low lo", "w lowlow"])
    ids_hold(ids, ONE, "low low lowlow", what="encode_iterable")
    shown = f"{ONE.shown}; words = (''.join(letters) + ' ' for letters in itertools.product(string.ascii_lowercase, "
    shown += "repeat=4))\nfor i in t.encode_iterable(words): ...  # the memory meanwhile"
    kept = learner.probe("words_kept", ONE.sent, 1_050, 1_500, 9_000, shown=shown)
    check.that(
        not kept, "450 further words took more than 9,000 bytes, expected next to nothing", "each word came once"
    )


# ---------------------------------------------------------------- save and load

STORED = [
    ONE,
    Model(LOW, (END, "<|b|>"), {"<|user|>": 1000, 'say "so"\n': 1001}),
    Model(((b"\xc3", b"\xa9"), (b" ", b"\xc3\xa9"), (b"\n", b"\x00"), (b"#", b"#"), (b"\\", b'"'))),
    Model(LOW[:1], ("fin é", "🙂", " "), entries={300: b"ow", 257: b"never made", 301: b"fin"}),
    Model((), ("a", "ow"), {"\r": 777, "日": 778}, {400: b"a", 300: b"ow"}),
]
SAMPLE = 'low é é\n\x00 ##<|end|>\\" say "so"\n<|user|>\r日 fin é🙂 ow<|b|>'
PREFIXES = [("small", "str"), ("small.v1", "str"), ("my.tokenizer.json", "path"), ("v2.0", "folder")]


def base_vocab(model):
    """The entries of vocab.json: of those with the same bytes the one with the lowest id."""
    return {written(entry): i for entry, i in model.lowest.items()}


def files_of(model, prefix):
    """The three files of a tokenizer, as bytes."""
    lines = "".join(f"{written(a)} {written(b)}\n" for a, b in model.merges)
    return {
        f"{prefix}.vocab.json": json.dumps(base_vocab(model), ensure_ascii=False).encode(),
        f"{prefix}.merges.txt": f"#version: 0.2\n{lines}".encode(),
        f"{prefix}.special_tokens.json": json.dumps(model.special_ids).encode(),
    }


def save(learner, model, prefix, how):
    shown = f"{model.shown}; t.save({said(prefix, how)})"
    return learner.probe("saved", model.sent, prefix, model.more, how, shown=shown)


def said(prefix, how):
    return {"str": repr(prefix), "path": f"Path({prefix!r})", "folder": f'Path("a.b") / {prefix!r}'}[how]


def test_save_names(learner):
    """save writes three files, whose names are the prefix with something behind it, whatever dots it has."""
    for prefix, how in PREFIXES:
        names = sorted(save(learner, ONE, prefix, how))
        expected = sorted(files_of(ONE, prefix))
        check.that(names == expected, f"the files are {names}, expected {expected}")


def test_save_vocab(learner):
    """prefix.vocab.json and prefix.merges.txt hold vocabulary and merges, each byte printed by bytes_to_unicode."""
    for model in STORED:
        files = save(learner, model, "t", "str")
        vocab = parsed(files, "t.vocab.json")
        check.equal(vocab, base_vocab(model), what="the object in t.vocab.json")
        lines = parsed(files, "t.merges.txt")
        check.equal([tuple(line.split(" ")) for line in lines], printed_merges(model), what="the lines of t.merges.txt")


def printed_merges(model):
    return [(written(a), written(b)) for a, b in model.merges]


def parsed(files, name):
    check.that(name in files, f"there is no file {name}")
    check.that(files[name] is not None, f"{name} is no {'JSON' if name.endswith('.json') else 'text'} in UTF-8")
    return files[name]


def test_save_special_tokens(learner):
    """prefix.special_tokens.json holds each special token, written as it is, with its id."""
    for model in STORED:
        found = parsed(save(learner, model, "t", "str"), "t.special_tokens.json")
        check.equal(found, model.special_ids, what="the object in t.special_tokens.json")


def looks_right(model, found, vocab, merges, ids, back):
    check.equal(found, model.special_ids, what="special_tokens")
    check.equal(vocab, model.above, what="vocab from 256 on")
    check.equal(merges, list(model.merges), what="merges")
    ids_hold(ids, model, SAMPLE)
    check.equal(back, SAMPLE, what="decode")


def questions(model):
    asked = (("special_tokens",), ("vocab", 256), ("merges",), ("encode", SAMPLE))
    return (*asked, ("decode", model.encoded(SAMPLE)))


def test_load(learner):
    """load reads the three files: vocabulary, merges, and special tokens with their ids."""
    for model in STORED:
        shown = f'{model.shown}; t.save("t"); t = Tokenizer.load("t"); {called(questions(model))}'
        looks_right(model, *learner.probe("loaded", files_of(model, "t"), "t", *questions(model), shown=shown))


def test_save_and_load(learner):
    """What was saved and loaded is the same tokenizer, by any prefix."""
    for model, (prefix, how) in itertools.product(STORED, PREFIXES[1:]):
        name = said(prefix, how)
        shown = f"{model.shown}; t.save({name}); t = Tokenizer.load({name}); {called(questions(model))}"
        answers = learner.probe("restored", model.sent, prefix, model.more, how, *questions(model), shown=shown)
        looks_right(model, *answers)


def test_from_files(learner):
    """from_files takes special tokens as the constructor does: those in the file keep their ids, others are added."""
    for entries, specials in (({}, (END,)), ({300: END.encode(), 301: b"x y"}, ("<|a|>", END, "x y"))):
        model = Model(LOW, specials, entries=Model(LOW).given | entries)
        plain = Model(LOW, entries=model.given)
        files = {name[2:]: data for name, data in files_of(plain, "t").items() if "special" not in name}
        text = "low<|end|><|a|>x y low"
        shown = f't = Tokenizer.from_files("vocab.json", "merges.txt", {list(specials)}); t.encode({text!r})'
        steps = (("special_tokens",), ("vocab", 256), ("encode", text))
        found, vocab, ids = learner.probe("from_files", files, list(specials), *steps, shown=shown)
        check.equal(found, model.special_ids, what="special_tokens")
        check.equal(vocab, model.above, what="vocab from 256 on")
        ids_hold(ids, model, text)


# ---------------------------------------------------------------- RegexTokenizer: train

PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def regex(learner, *steps):
    """What a RegexTokenizer gives for each step; nothing for train and register_special_tokens."""
    return learner.probe("regex", *steps, shown=f"t = RegexTokenizer(); {called(steps)}")


def merges_hold(merges, text, room):
    """Each merge is one of the most frequent pairs inside the pieces; return them as bytes."""
    check.that(isinstance(merges, dict), f"merges is {check.describe(merges)}, expected a dict")
    words = Counter(split(text))
    state = {word: [bytes([byte]) for byte in word.encode()] for word in words}
    tokens, found = [bytes([byte]) for byte in range(256)], []
    by_id = {idx: pair for pair, idx in merges.items()}
    for k in range(room):
        counts = Counter()
        for word, row in state.items():
            for pair in itertools.pairwise(row):
                counts[pair] += words[word]
        if not counts:
            check.that(len(merges) == k, f"{len(merges)} merges, expected {k}: then no pair is left")
            return found
        check.that(256 + k in by_id, f"no merge has the id {256 + k}", f"{len(merges)} merges, expected {room}")
        pair = by_id[256 + k]
        fine = isinstance(pair, tuple) and len(pair) == 2 and all(i in range(256 + k) for i in pair)
        check.that(fine, f"the merge {256 + k} is of {check.shorten(pair)}, expected a tuple of two ids below it")
        left, right = tokens[pair[0]], tokens[pair[1]]
        most = max(counts.values())
        check.that(
            counts[left, right] == most,
            f"the merge {256 + k} is of {(left, right)!r}, which occurs {counts[left, right]} times inside pieces",
            f"{max(counts, key=counts.__getitem__)!r} occurs {most} times",
        )
        state = {word: joined(row, (left, right)) for word, row in state.items()}
        tokens.append(left + right)
        found.append((left, right))
    check.that(len(merges) == room, f"{len(merges)} merges, expected {room}")
    return found


def regex_ids(text, found, specials=None):
    """The ids of a text after these merges."""
    numbers = {entry: i for i, entry in reversed(list(enumerate([*BYTES.values(), *(a + b for a, b in found)])))}
    ids = []
    for part, token in parts_of(text, specials or {}):
        ids += [numbers[one] for one in tokens_of(part, found)]
        ids += [] if token is None else [specials[token]]
    return ids


corpora = st.lists(
    st.sampled_from(["low", " low", " lower", "ab", "aa", "é", " ", "\n", "'s", "12", "!", "日本", "  "]), max_size=12
)
corpora = corpora.map("".join)


def test_regex_begins(learner):
    """A new RegexTokenizer knows the bytes alone: no merges, no special tokens; its pattern is GPT-2's."""
    steps = (("merges",), ("vocab",), ("special_tokens",), ("pattern",), ("encode", "low é"), ("encode", ""))
    merges, vocab, specials, pattern, ids, empty = regex(learner, *steps)
    check.equal(merges, {}, what="merges")
    check.equal(vocab, BYTES, what="vocab")
    check.equal(specials, {}, what="special_tokens")
    check.equal(pattern, PATTERN, what="pattern")
    check.equal(ids, list("low é".encode()), what="encode")
    check.equal(empty, [], what='encode("")')


@settings(max_examples=25)
@given(corpora, st.integers(0, 12))
@example("low low lower", 4)
@example("ab abab aa\n\n", 9)
@example("a b a b a b c c", 1)
@example("aaaa", 3)
def test_regex_train(learner, text, room):
    """Each merge is the most frequent pair inside the pieces, with the next id; vocab holds what it makes."""
    merges, vocab, ids = regex(learner, ("train", text, 256 + room), ("merges",), ("vocab",), ("encode", text))
    found = merges_hold(merges, text, room)
    check.that(isinstance(vocab, dict), f"vocab is {check.describe(vocab)}, expected a dict")
    for i, entry in enumerate([*BYTES.values(), *(a + b for a, b in found)]):
        check.that(vocab.get(i) == entry, f"vocab[{i}] is {check.shorten(vocab.get(i))}, expected {entry!r}")
    check.that(len(vocab) == 256 + len(found), f"vocab has {len(vocab)} entries, expected {256 + len(found)}")
    same(ids, regex_ids(text, found), vocab, "encode")


@few
@given(corpora, corpora)
@example("abab", "low low")
def test_regex_train_again(learner, earlier, text):
    """A second training forgets the first; special tokens in the text are ordinary text to it."""
    text += "<|end|> <|end|>"
    steps = (("register_special_tokens", {END: 1000}), ("train", earlier, 262), ("train", text, 260), ("merges",))
    merges, vocab, ids = regex(learner, *steps, ("vocab", 256), ("encode", "low abab", "none"))
    found = merges_hold(merges, text, 4)
    check.equal(vocab, {256 + k: a + b for k, (a, b) in enumerate(found)}, what="vocab from 256 on")
    check.equal(ids, regex_ids("low abab", found), what="encode")


@few
@given(st.sampled_from([255, 0, -1]))
@example(255)
def test_regex_train_errors(learner, size):
    """A vocab_size below 256, and an unpaired surrogate, raise ValueError."""
    with check.raises("ValueError"):
        regex(learner, ("train", "low low", size))
    with check.raises("ValueError"):
        regex(learner, ("train", "low\ud800", 258))
    with check.raises("ValueError"):
        regex(learner, ("encode", "low\ud800"))


def test_regex_train_verbose(learner):
    """With verbose=True train prints something and learns the same; otherwise it prints nothing."""
    text = "low low lower"
    for options in ((), (False,), (True,)):
        arguments = ", ".join(map(repr, (text, 259, *options)))
        seen = learner.probe("talk", text, 259, *options, shown=f"RegexTokenizer().train({arguments})")
        merges_hold(seen["merges"], text, 3)
        verbose = options == (True,)
        check.that(seen["printed"] or not verbose, "nothing was printed, expected something about each merge")
        check.that(not seen["printed"] or verbose, "something was printed without verbose=True")


def test_regex_apart(learner):
    """What one RegexTokenizer has learned and registered is not known to another."""
    one = (("train", "abab abab", 258), ("register_special_tokens", {END: 900}))
    other = (("train", "low low", 257), ("register_special_tokens", {"<|b|>": 901}))
    shown = "one, other, third = RegexTokenizer(), RegexTokenizer(), RegexTokenizer()"
    shown += f"  # one: {called(one)}; other: {called(other)}"
    answers = learner.probe("regex_two", one, other, ("merges",), ("special_tokens",), shown=shown)
    for name, (merges, specials), text, room, expected in zip(
        ("one", "other", "third"),
        answers,
        ("abab abab", "low low", ""),
        (2, 1, 0),
        ({END: 900}, {"<|b|>": 901}, {}),
        strict=True,
    ):
        merges_hold(merges, text, room)
        check.equal(specials, expected, what=f"{name}.special_tokens")


# ---------------------------------------------------------------- RegexTokenizer: special tokens


REGEX_TEXT = "ab<|end|> abab<|end|><|b|>  ab<|en"
TRAINED = (("train", "ab ab abab", 258), ("register_special_tokens", {END: 1000, "<|end|><|b|>": 999, "<|b|>": 1001}))


def trained(learner):
    """The merges of TRAINED as bytes (ties are free) and its special tokens."""
    (merges,) = regex(learner, *TRAINED, ("merges",))
    return merges_hold(merges, "ab ab abab", 2), TRAINED[1][1]


def test_regex_allowed(learner):
    """allowed_special "all", "none" and a set mean what they mean in Tokenizer.encode."""
    found, specials = trained(learner)
    at_the_ends = END + REGEX_TEXT + "<|b|>"
    for allowed in ("all", "none", {END}, {"<|b|>", END}, set(), {"<|end|><|b|>", "ab"}):
        answers = regex(learner, *TRAINED, ("encode", REGEX_TEXT, allowed), ("encode", at_the_ends, allowed))
        counted = {"all": specials, "none": {}}[allowed] if isinstance(allowed, str) else specials
        if not isinstance(allowed, str):
            counted = {token: i for token, i in specials.items() if token in allowed}
        for text, ids in zip((REGEX_TEXT, at_the_ends), answers, strict=True):
            check.equal(ids, regex_ids(text, found, counted), what=f"encode({text!r}, {allowed})")


def test_regex_none_raise(learner):
    """Without allowed_special, as with "none_raise", a special token in the text raises ValueError."""
    found, _ = trained(learner)
    for text in (REGEX_TEXT, END, "ab<|b|>"):
        for arguments in ((text,), (text, "none_raise")):
            with check.raises("ValueError"):
                regex(learner, *TRAINED, ("encode", *arguments))
    with check.raises("ValueError"):
        regex(learner, *TRAINED, ("encode", REGEX_TEXT, "some"))
    text = "ab  abab <|en"
    usual, named = regex(learner, *TRAINED, ("encode", text), ("encode", text, "none_raise"))
    for ids in (usual, named):
        check.equal(ids, regex_ids(text, found), what="encode")


def test_regex_decode(learner):
    """decode gives every text back, special tokens included; half a character is U+FFFD, and an unknown id raises."""
    found, specials = trained(learner)
    text = REGEX_TEXT + " é🙂"
    ids = regex_ids(text, found, specials)
    back, half, empty = regex(learner, *TRAINED, ("decode", ids), ("decode", (195, 1000, 97)), ("decode", []))
    check.equal(back, text, what="decode")
    check.equal(half, "\ufffd<|end|>a", what="decode([195, 1000, 97])")
    check.equal(empty, "", what="decode([])")
    for wrong in (998, -1, 258):
        with check.raises("KeyError", "IndexError", "ValueError"):
            regex(learner, *TRAINED, ("decode", [97, wrong]))


def test_regex_register(learner):
    """The dict that is registered replaces what was there before; it is copied, not changed."""
    steps = (
        *TRAINED,
        ("register_special_tokens", {"<|new|>": 500}),
        ("special_tokens",),
        ("encode", "<|end|><|new|>", "all"),
    )
    specials, ids = regex(learner, *steps)
    check.equal(specials, {"<|new|>": 500}, what="special_tokens")
    check.equal(ids, [*END.encode(), 500], what="encode")
    shown = f't = RegexTokenizer(); d = {{"{END}": 400}}; t.register_special_tokens(d); '
    shown += 'd["<|late|>"] = 12345; t.special_tokens'
    kept, given_dict = learner.probe("regex_keeps", {END: 400}, shown=shown)
    check.equal(kept, {END: 400}, what="special_tokens")
    check.equal(given_dict, {END: 400}, what="the dict given")


def test_regex_register_errors(learner):
    """An empty special token, and an id that a byte, a merge or another of them has, raise ValueError."""
    for wrong in ({"": 900}, {END: 97}, {END: 255}, {END: 256}, {END: 257}, {END: 900, "<|b|>": 900}):
        with check.raises("ValueError"):
            regex(learner, TRAINED[0], ("register_special_tokens", wrong))


# ---------------------------------------------------------------- RegexTokenizer: save and load


def model_file(merges, specials, pattern=PATTERN, version="minbpe v1"):
    """minbpe's file of a tokenizer with these pairs of ids."""
    lines = [version, pattern, str(len(specials)), *(f"{token} {i}" for token, i in specials.items())]
    return "".join(f"{line}\n" for line in [*lines, *(f"{a} {b}" for a, b in merges)]).encode()


@few
@given(
    corpora, st.sampled_from([{}, {END: 1000}, {"<|b|>": 700, "fin é 🙂": 600, "1 2": 3000}]), st.sampled_from(PREFIXES)
)
@example("ab ab abab", {END: 1000, "<|b|>": 999}, PREFIXES[0])
@example("ab ab abab", {}, PREFIXES[1])
def test_regex_save(learner, text, specials, named):
    """save writes prefix.model, line by line as minbpe does, and prefix.vocab with a line or more for each token."""
    prefix, how = named
    taken = (("train", text, 262), ("register_special_tokens", specials))
    shown = f"t = RegexTokenizer(); {called(taken)}; t.save({said(prefix, how)})"
    merges, files = learner.probe("regex_saved", prefix, how, *taken, shown=shown)
    names = sorted(files)
    check.that(
        names == [f"{prefix}.model", f"{prefix}.vocab"], f"the files are {names}, expected {prefix}.model and .vocab"
    )
    expected = model_file([pair for pair, _ in sorted(merges, key=lambda one: one[1])], specials).decode()
    got = files[f"{prefix}.model"].decode("utf-8", "replace")
    for k, (one, other) in enumerate(zip(got.split("\n"), expected.split("\n"), strict=False), 1):
        check.that(one == other, f"line {k} of {prefix}.model is {one!r}, expected {other!r}")
    check.equal(got, expected, what=f"{prefix}.model")
    check.that(
        files[f"{prefix}.vocab"], f"{prefix}.vocab has fewer lines than there are tokens", "expected one or more each"
    )


def test_regex_save_line_break(learner):
    """A special token with a line feed in it cannot be written: ValueError."""
    taken = (("register_special_tokens", {"two\nlines": 1000}),)
    with check.raises("ValueError"):
        learner.probe("regex_saved", "t", "str", *taken, shown=f't = RegexTokenizer(); {called(taken)}; t.save("t")')


STORED_MERGES = ((97, 98), (32, 97), (257, 98), (256, 256), (195, 169), (32, 260))
STORED_BYTES = [(b"a", b"b"), (b" ", b"a"), (b" a", b"b"), (b"ab", b"ab"), (b"\xc3", b"\xa9"), (b" ", b"\xc3\xa9")]


def test_regex_load(learner):
    """load restores everything from prefix.model; what was learned and registered before is forgotten."""
    for specials in ({}, {END: 1000}, {"fin é 🙂": 600, "1 2": 700, "\r": 701}):
        files = {"t.v1.model": model_file(STORED_MERGES, specials)}
        for before in ([], list(TRAINED)):
            text = "abab ab é\r1 2 fin é 🙂<|end|>"
            expected = regex_ids(text, STORED_BYTES, specials)
            steps = (
                ("merges",),
                ("special_tokens",),
                ("pattern",),
                ("encode", text, "all"),
                ("decode", expected),
                ("vocab", 256),
            )
            listing = files["t.v1.model"].decode()
            shown = f't = RegexTokenizer(); t.load("t.v1.model"); {called(steps)}  # the file: {listing!r}'
            merges, found, pattern, ids, back, vocab = learner.probe(
                "regex_loaded", files, "t.v1.model", before, *steps, shown=shown
            )
            check.equal(merges, {pair: 256 + k for k, pair in enumerate(STORED_MERGES)}, what="merges")
            check.equal(found, specials, what="special_tokens")
            check.equal(pattern, PATTERN, what="pattern")
            check.equal(ids, expected, what="encode")
            check.equal(back, text, what="decode")
            for k, (a, b) in enumerate(STORED_BYTES):
                check.that(
                    vocab.get(256 + k) == a + b, f"vocab[{256 + k}] is {vocab.get(256 + k)!r}, expected {a + b!r}"
                )


def test_regex_load_errors(learner):
    """A name that does not end in .model, another first line and another pattern raise ValueError."""
    good = model_file(STORED_MERGES, {})
    for name, data in (
        ("t.txt", good),
        ("model", good),
        ("t.model", model_file(STORED_MERGES, {}, version="minbpe v2")),
        ("t.model", model_file(STORED_MERGES, {}, version="minbpe v1.1")),
        ("t.model", model_file(STORED_MERGES, {}, pattern=r"\S+|\s+")),
        ("t.model", model_file(STORED_MERGES, {}, pattern="gpt2")),
    ):
        shown = f"t = RegexTokenizer(); t.load({name!r})  # the file begins {data[:40]!r}"
        with check.raises("ValueError"):
            learner.probe("regex_loaded", {name: data}, name, [], shown=shown)


@few
@given(corpora, st.sampled_from([{}, {END: 1000, " ": 999}, {"<|b|> ": 700, "é🙂": 600}]), st.sampled_from(PREFIXES))
@example("ab ab abab low", {END: 1000}, PREFIXES[1])
def test_regex_save_and_load(learner, text, specials, named):
    """What was saved and loaded into another RegexTokenizer encodes and decodes the same."""
    prefix, how = named
    taken = [("train", text, 264), ("register_special_tokens", specials)]
    sample = f"{text} low<|end|>é🙂<|b|> ab"
    steps = (
        ("merges",),
        ("special_tokens",),
        ("encode", sample, "all"),
        ("decode", [*range(97, 100), *specials.values()]),
    )
    name = said(prefix, how)
    shown = f"t = RegexTokenizer(); {called(taken)}; t.save({name}); t = RegexTokenizer(); t.load(…)"
    one, other = learner.probe("regex_restored", prefix, how, taken, *steps, shown=shown)
    merges_hold(one[0], text, 8)
    for what, before, after in zip(("merges", "special_tokens", "encode", "decode"), one, other, strict=True):
        check.equal(after, before, what=f"{what} of the one that was loaded")
    check.equal(other[1], specials, what="special_tokens of the one that was loaded")


def test_regex_long_text(learner):
    """A longer training and its text: what is learned is applied everywhere, rank by rank."""
    rng = random.Random(8)
    words = ["".join(rng.choices("abcde", k=rng.randrange(1, 6))) for _ in range(25)]
    text = " ".join(rng.choices(words, k=90))
    merges, ids = regex(learner, ("train", text, 296), ("merges",), ("encode", text))
    found = merges_hold(merges, text, 40)
    check.equal(ids, regex_ids(text, found), what="encode")


def test_files_utf8(learner):
    """All files but prefix.vocab are UTF-8, whatever encoding the computer prefers."""
    model, text = Model(((b"\xc3", b"\xa9"), (b" ", b"l")), ("fin é", "日")), "日本é"
    shown = f'import locale; locale.setlocale(locale.LC_CTYPE, "C"); {model.shown}; t.save("t")  # and a RegexTokenizer'
    files = learner.probe("saved_elsewhere", model.sent, text, shown=shown)
    check.equal(parsed(files, "t.vocab.json"), base_vocab(model), what="the object in t.vocab.json")
    check.equal(parsed(files, "t.special_tokens.json"), model.special_ids, what="the object in t.special_tokens.json")
    lines = [tuple(line.split(" ")) for line in parsed(files, "t.merges.txt")]
    check.equal(lines, printed_merges(model), what="the lines of t.merges.txt")
    line = f"{text} 1000"
    check.that(f"{line}\n".encode() in files.get("r.model", b""), f"r.model has no line {line!r} in UTF-8")
    given_files = files_of(model, "t") | {"r.model": model_file(STORED_MERGES, {text: 1000})}
    given_files["t.special_tokens.json"] = json.dumps(model.special_ids, ensure_ascii=False).encode()
    shown = (
        'import locale; locale.setlocale(locale.LC_CTYPE, "C"); Tokenizer.load("t"); RegexTokenizer().load("r.model")'
    )
    found, other = learner.probe("loaded_elsewhere", given_files, shown=shown)
    check.equal(found, model.special_ids, what="special_tokens of the Tokenizer")
    check.equal(other, {text: 1000}, what="special_tokens of the RegexTokenizer")
