"""The hidden grader of 1.5. Its oracle replays the training: every merge in its turn, over the whole piece."""

import functools
import itertools
import json
import random
import string
import unicodedata
from collections import Counter
from dataclasses import dataclass

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


def replay(piece, merges):
    """The tokens of one piece: what is left of its bytes when every merge has had its turn, as in training.

    A token is made by one merge only, and that one comes after those that made its halves. So a merge never makes
    a pair whose turn is over, and to replay is to take the earliest of the pairs there are, again and again.
    """
    tokens = [bytes([byte]) for byte in piece.encode()]
    for pair in merges:
        tokens = joined(tokens, pair)
    return tokens


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
    return [token for piece in split(text) for token in replay(piece, merges)]


def learned(text, room):
    """The merges of a text and the tokens that its training ends with: all pairs counted anew before each merge."""
    words = Counter(split(text))
    state = {word: [bytes([byte]) for byte in word.encode()] for word in words}
    merges = []
    while len(merges) < room:
        counts = Counter()
        for word, tokens in state.items():
            for pair in itertools.pairwise(tokens):
                counts[pair] += words[word]
        if not counts:
            break
        merges.append(max(counts, key=lambda pair: (counts[pair], pair)))
        state = {word: joined(tokens, merges[-1]) for word, tokens in state.items()}
    return merges, [token for piece in split(text) for token in state[piece]]


def printed():
    """GPT-2's table, as the stub describes it."""
    table, others = {}, 0x100
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or 174 <= byte <= 255:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(others)
            others += 1
    return table


TABLE = printed()


def written(token):
    return "".join(TABLE[byte] for byte in token)


# ---------------------------------------------------------------- vocabularies

SHOWN = 20  # merges that are shown in full

# Where the ids of the bytes and of the merges lie: as train_bpe gives them; bytes in another order, as in GPT-2, and
# later merges with lower ids; far apart, merges below bytes.
LAYOUTS = {
    "plain": (lambda byte: byte, lambda k, _: 256 + k, "{i: bytes([i]) for i in range(256)}"),
    "turned": (
        lambda byte: (77 * byte + 13) % 256,
        lambda k, n: 255 + n - k,
        "{(77 * i + 13) % 256: bytes([i]) for i in range(256)}",
    ),
    "apart": (lambda byte: 9000 - 3 * byte, lambda k, _: 7 * k, "{9000 - 3 * i: bytes([i]) for i in range(256)}"),
}

BYTES = {name: {place(byte): bytes([byte]) for byte in range(256)} for name, (place, _, _) in LAYOUTS.items()}


@dataclass(frozen=True)
class Model:
    """Merges, and a vocabulary whose ids lie in one of the layouts, with entries that no merge makes."""

    merges: tuple
    layout: str = "plain"
    further: tuple = ()

    @functools.cached_property
    def entries(self):
        """The ids above the bytes."""
        place = LAYOUTS[self.layout][1]
        made = {place(k, len(self.merges)): a + b for k, (a, b) in enumerate(self.merges)}
        return made | dict(self.further)

    @functools.cached_property
    def vocab(self):
        return BYTES[self.layout] | self.entries

    def sent(self, *, without=None):
        """What crosses: see the probes. `without` is a byte or a token that the vocabulary lacks."""
        entries = {i: token for i, token in self.entries.items() if token != without}
        lacking = [without[0]] if without and len(without) == 1 else []
        return self.layout, entries, lacking, list(self.merges)

    @property
    def shown(self):
        bytes_part = LAYOUTS[self.layout][2]
        vocab = f"{bytes_part} | {self.entries}" if self.entries else bytes_part
        if len(self.merges) > SHOWN:
            return f"Tokenizer(…, [{', '.join(map(repr, self.merges[:4]))}, …])  # {len(self.merges)} merges"
        return f"Tokenizer({vocab}, {list(self.merges)})"

    def ids(self, tokens):
        """The ids of tokens; of entries with the same bytes the lowest."""
        return [self.lowest[token] for token in tokens]

    @functools.cached_property
    def lowest(self):
        return {token: i for i, token in sorted(self.vocab.items(), reverse=True)}

    def encoded(self, text):
        return self.ids(tokens_of(text, self.merges))


def grown(base, numbers):
    """Merges made of numbers: each pair of them names two tokens that exist; no token is made twice."""
    tokens, merges = list(dict.fromkeys(base)), []
    for a, b in numbers:
        left, right = tokens[a % len(tokens)], tokens[b % len(tokens)]
        if left + right not in tokens:
            merges.append((left, right))
            tokens.append(left + right)
    return tuple(merges)


# A few characters each, so that pairs repeat: scripts, marks, joiners, digits, every kind of white space, all planes.
ALPHABETS = [
    "abc", "ab", "ab ", "abc \n", "zyx  ", "aé ", "été's", "日本 本", "שa ", "e\u0301 e", "🙂🙃\u200d", "a1² ",
    "'s'll re", "xy\r\n\t", "a\x1c\x1f\x85 ", "b\u00a0\u2028\u3000", "\x00\x7f a", "AaBb_!", "ａ\U00020000\U0010ffff",
    "Ġ ġ", "日曰旦",
]  # fmt: skip


@st.composite
def cases(draw, layouts=tuple(LAYOUTS)):
    """A model, and a text of the characters that its merges are made of, with a stranger now and then."""
    alphabet = draw(st.sampled_from(ALPHABETS))
    base = [bytes([byte]) for byte in alphabet.encode()]
    numbers = draw(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=14))
    text = draw(st.text(alphabet, max_size=24)) + draw(st.sampled_from(["", "", "", "q", "é", " "]))
    return Model(grown(base, numbers), draw(st.sampled_from(layouts))), text


NASTY = [
    "", "a", "\0", "Hello", "HELLO hello", " a ", "  ", "\n", "\r\n", "a\r\nb\rc\n", "\ufeff", "e\u0301é", "ﬁ", "ŉ",
    "²³½", "👩\u200d👩\u200d👧", "🇩🇪", "\U0010ffff\U00010000", "日本語\u3000テキスト", "\u202eabc",
    "don't can't we'll I'M", "\x85\u2028",
]  # fmt: skip
SURROGATES = ["\ud800", "a\udc80b", "\udfff ", "🙂\ud83d", "\ud83d\ude42"]

LOW = Model(((b"o", b"w"), (b"l", b"ow"), (b" ", b"low"), (b"e", b"r")))


def texts_with(model, *texts):
    return [(model, text) for text in texts]


# ---------------------------------------------------------------- claims


def session(learner, model, *steps):
    """What a tokenizer of the model gives for each step: an attribute, or a method and its arguments."""
    said = [name if not args else f"{name}({', '.join(map(short, args))})" for name, *args in steps]
    apart = "\n" if len(model.merges) > SHOWN else "; "
    shown = f"t = {model.shown}{apart}" + "; ".join(f"t.{one}" for one in said)
    return learner.probe("session", model.sent(), *steps, shown=shown)


def short(value):
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:160]}…  # {len(value):,} in all"


def ids_hold(ids, model, text, what="encode"):
    """The ids are the expected ones; if not, say which tokens they stand for."""
    expected = model.encoded(text)
    check.that(isinstance(ids, list), f"{what} gives {check.describe(ids)}, expected a list")
    if ids != expected:
        vocab = model.vocab
        if strange := [i for i in ids if type(i) is not int or i not in vocab]:
            check.fail(f"{what} gives {check.shorten(strange[0])}, which is no id of vocab")
        got, want = ([model.vocab[i] for i in some] for some in (ids, expected))
        if got == want:
            k = next(k for k, (a, b) in enumerate(zip(ids, expected, strict=True)) if a != b)
            check.fail(f"{what}: [{k}] is the id {ids[k]}, expected {expected[k]}", f"both are {want[k]!r}")
        check.fail(
            f"{what} gives {window(got, want)}, expected {window(want, got)}",
            f"ids {check.shorten(ids)}, expected {check.shorten(expected)}",
        )


def window(tokens, other):
    """The tokens around the first place where two rows of them differ."""
    same = zip(tokens, other, strict=False)
    place = next((k for k, (a, b) in enumerate(same) if a != b), min(len(tokens), len(other)))
    if len(tokens) <= 8:
        return str(tokens)
    return f"[… {', '.join(map(repr, tokens[max(place - 2, 0) : place + 4]))} …]"


# ---------------------------------------------------------------- bytes_to_unicode


def test_table(learner):
    """bytes_to_unicode gives every byte its character: 188 of them themselves, the others from U+0100 on."""
    table = learner.bytes_to_unicode()
    check.that(isinstance(table, dict), f"bytes_to_unicode gives {check.describe(table)}, expected a dict")
    for byte, character in TABLE.items():
        check.that(byte in table, f"the byte {byte} is missing, expected {character!r} there")
        check.equal(table[byte], character, what=f"the character of {byte}")
    check.that(len(table) == 256, f"{len(table)} entries, expected 256")


# ---------------------------------------------------------------- the constructor


@few
@given(cases())
@example((LOW, "low"))
def test_attributes(learner, case):
    """vocab and merges are there to be read, as they were given."""
    model, text = case
    _, vocab, merges = session(learner, model, ("encode", text), ("vocab",), ("merges",))
    check.equal(vocab, model.vocab, what="vocab")
    check.equal(merges, list(model.merges), what="merges")


@few
@given(cases())
@example((LOW, "low"))
def test_nothing_given_is_changed(learner, case):
    """The vocab and the merges that were given are as before, after encoding and decoding too."""
    model, text = case
    shown = f"vocab, merges = …; t = Tokenizer(vocab, merges); t.decode(t.encode({text!r})); vocab, merges"
    vocab, merges = learner.probe("keeps", model.sent(), text, shown=shown)
    check.equal(vocab, model.vocab, what="the vocab given")
    check.equal(merges, list(model.merges), what="the list of merges given")


@few
@given(cases(), st.integers(0, 255))
@example((LOW, "low"), 0)
@example((LOW, "low"), 255)
@example((LOW, "low"), 119)
def test_missing_byte(learner, case, byte):
    """A vocab in which a single byte is missing raises ValueError."""
    model, _ = case
    without = bytes([byte])
    shown = f"Tokenizer(…, {list(model.merges)})  # a vocab without {without!r}"
    with check.raises("ValueError"):
        learner.probe("session", model.sent(without=without), shown=shown)


@few
@given(cases(), st.integers(0, 20))
@example((LOW, "low"), 0)
@example((LOW, "low"), 3)
def test_missing_merge(learner, case, place):
    """A vocab in which a token is missing that a merge makes raises ValueError."""
    model = case[0] if case[0].merges else LOW
    left, right = model.merges[place % len(model.merges)]
    shown = f"Tokenizer(…, {list(model.merges)})  # a vocab without {left + right!r}"
    with check.raises("ValueError"):
        learner.probe("session", model.sent(without=left + right), shown=shown)


# ---------------------------------------------------------------- encode


def test_encode_by_hand(learner):
    """The lesson's word is encoded as worked out by hand: the merge that comes first, again and again."""
    merges = ((b"h", b"e"), (b"t", b"he"), (b"e", b"n"), (b"th", b"en"), (b"t", b"h"))
    model = Model(merges[:3] + merges[4:])
    for text in ("then", "hen", "en", "th", "the", "then then hen", "eth"):
        (ids,) = session(learner, model, ("encode", text))
        ids_hold(ids, model, text)


@settings(max_examples=40)
@given(cases(("plain",)))
@example((LOW, "low lower"))
@example((Model(((b"b", b"c"), (b"a", b"b"))), "abc"))
def test_encode(learner, case):
    """Of the pairs there are, the one that comes first in merges is merged, until there is none."""
    model, text = case
    (ids,) = session(learner, model, ("encode", text))
    ids_hold(ids, model, text)


# A pair (b, c) is there at first, and gone when its turn comes: what stands at its place must wait for its own turn.
STALE = Model(((b"c", b"d"), (b"b", b"c"), (b"a", b"b"), (b"b", b"cd"))), "abcd"
STALE_LEFT = Model(((b"a", b"b"), (b"b", b"c"), (b"c", b"d"), (b"ab", b"c"))), "abcd"
# Merges of which the longest token, the leftmost pair, or one pass over the piece gives something else.
CONTESTED = [
    *texts_with(Model(((b"b", b"c"), (b"a", b"b"))), "abc", "abcab", "ababc", "bcabc abc"),
    *texts_with(Model(((b"a", b"b"), (b"c", b"d"), (b"b", b"cd"), (b"ab", b"c"))), "abcd", "bcd", "abc", "cdabcd"),
    *texts_with(Model(((b"a", b"b"), (b"b", b"a"), (b"ab", b"a"))), "aba", "baba", "babab", "abaaba"),
    *texts_with(Model(((b"c", b"d"), (b"b", b"cd"), (b"a", b"b"))), "abcd", "abc", "abcdab"),
    *texts_with(STALE[0], "bcd", "abc", "abcdabcabcd"),
    *texts_with(STALE_LEFT[0], "abc", "bcd", "bcdabcd"),
    *texts_with(Model(((b"x", b"y"), (b"y", b"z"), (b"xy", b"xy"), (b"z", b"xy"))), "xyxyz", "yzxy", "xyzxyz"),
    *texts_with(Model(((b"d", b"e"), (b"c", b"de"), (b"b", b"cde"), (b"a", b"bcde"))), "abcde", "abcd", "xabcdey"),
]


@settings(max_examples=30)
@given(st.sampled_from(CONTESTED))
@example(CONTESTED[0])
@example(STALE)
@example(STALE_LEFT)
def test_encode_contested(learner, case):
    """Only the order of merges decides: not the length of a token, nor which pair stands further to the left."""
    model, text = case
    (ids,) = session(learner, model, ("encode", text))
    ids_hold(ids, model, text)


@few
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9)), min_size=1, max_size=4), st.integers(1, 4))
@example([("a", 3)], 1)
@example([("a", 5)], 2)
@example([("a", 7), ("b", 1)], 3)
def test_encode_runs(learner, runs, many):
    """In a run such as "aaaaa" the pairs are merged from the left, and no token is used twice."""
    merges = ((b"a", b"a"), (b"aa", b"aa"), (b"aa", b"a"), (b"aaa", b"b"))[:many]
    text, model = "".join(letter * length for letter, length in runs), Model(merges)
    (ids,) = session(learner, model, ("encode", text))
    ids_hold(ids, model, text)


@settings(max_examples=15)
@given(st.text("abc \n", min_size=1, max_size=40), st.integers(0, 12))
@example("low low lower lowest", 9)
@example("abcabcabc ab", 6)
@example("aaaa aaa aa", 4)
def test_encode_the_corpus(learner, text, room):
    """The text of a training becomes exactly the tokens that the training ended with."""
    merges, tokens = learned(text, room)
    model = Model(tuple(merges))
    (ids,) = session(learner, model, ("encode", text))
    expected = model.ids(tokens)
    check.that(ids == expected, f"encode gives {check.shorten(ids)}, expected {check.shorten(expected)}")


def test_encode_after_many_merges(learner):
    """With many merges, of which later ones are made of earlier ones, their order still decides everywhere."""
    rng = random.Random(41)
    alphabet = [bytes([byte]) for byte in b"abcde"]
    numbers = [(rng.randrange(60), rng.randrange(60)) for _ in range(90)]
    for layout in LAYOUTS:
        model = Model(grown(alphabet, numbers), layout)
        for _ in range(4):
            text = "".join(rng.choices("abcde", k=40))
            (ids,) = session(learner, model, ("encode", text))
            ids_hold(ids, model, text)


@settings(max_examples=25)
@given(cases())
@example((Model(LOW.merges, "turned"), "low lower"))
@example((Model(LOW.merges, "apart"), "low lower"))
@example((Model(((b"b", b"c"), (b"a", b"b")), "turned"), "abc"))
def test_encode_ids_are_those_of_the_vocab(learner, case):
    """The ids are those of vocab, whatever they are: a byte's id need not be the byte, a merge's not 256 and so on."""
    model, text = case
    (ids,) = session(learner, model, ("encode", text))
    ids_hold(ids, model, text)


SPACED = Model(((b" ", b"a"), (b"a", b" "), (b"a", b"b"), (b" a", b"b"), (b"b", b" "), (b" ", b" "), (b"b", b"1"),
                (b"\n", b"\n"), (b"'", b"s"), (b"b", b"'"), (b"!", b"\n"), (b"ab", b" a")))  # fmt: skip


@settings(max_examples=25)
@given(st.text("ab 1'!\ns", max_size=14))
@example("ab ab")
@example("a  b")
@example("b'sab'")
def test_encode_each_piece_for_itself(learner, text):
    """No merge reaches across two pieces of pretokenize: the ids of a text are those of its pieces, in a row."""
    (ids,) = session(learner, SPACED, ("encode", text))
    ids_hold(ids, SPACED, text)
    pieces = split(text)
    answers = session(learner, SPACED, *(("encode", piece) for piece in pieces))
    for piece, got in zip(pieces, answers, strict=True):
        ids_hold(got, SPACED, piece, f"encode({piece!r})")


@settings(max_examples=15)
@given(st.sampled_from(NASTY), st.integers(0, 40))
@example("", 0)
@example("a\r\nb\rc\n", 0)
@example("🇩🇪", 3)
def test_encode_any_text(learner, text, seed):
    """Any text has ids, in any script, and no character is changed on the way; merges may lie inside a character."""
    rng = random.Random(seed)
    base = [bytes([byte]) for byte in (text + "a ").encode()]
    numbers = [(rng.randrange(20), rng.randrange(20)) for _ in range(seed % 12)]
    model = Model(grown(base, numbers), list(LAYOUTS)[seed % 3])
    empty, ids, one = session(learner, model, ("encode", ""), ("encode", text), ("encode", "x"))
    check.equal(empty, [], what='encode("")')
    ids_hold(ids, model, text)
    ids_hold(one, model, "x", 'encode("x")')


def test_encode_same_bytes(learner):
    """Where two entries of vocab have the same bytes, text gets the lower id, wherever it stands in vocab."""
    models = []
    for merges, further in (((), ((300, b"a"),)), (((b"a", b"b"),), ((400, b"ab"), (300, b"b"), (500, b"ab")))):
        models += [Model(merges, further=further), Model(merges, "apart", ((1, b"a"), (9999, b"ab"), (2, b"b")))]
    asked = [(model, text) for model in models for text in ("a", "ab", "ba cab")]
    # Every call first, so that a diagnosis sees what each order of the entries does.
    answers = [session(learner, model, ("encode", text))[0] for model, text in asked]
    for (model, text), ids in zip(asked, answers, strict=True):
        right = ids == model.encoded(text)
        ids_hold(ids if right else session(learner, model, ("encode", text))[0], model, text)  # alone, to be shown


def test_encode_without_a_merge(learner):
    """An entry of vocab that no merge makes is never used for text, however well it fits."""
    model = Model(((b"l", b"o"),), further=((300, b"low"), (301, b"<|endoftext|>"), (302, b" low"), (303, b"lo w")))
    for text in ("low", "low low", "<|endoftext|>", "a<|endoftext|>low"):
        (ids,) = session(learner, model, ("encode", text))
        ids_hold(ids, model, text)


@few
@given(st.sampled_from(SURROGATES))
@example("a\udc80b")
def test_encode_surrogates(learner, text):
    """An unpaired surrogate has no UTF-8: encode raises ValueError (UnicodeEncodeError is one)."""
    with check.raises("ValueError"):
        session(learner, LOW, ("encode", text))


# Words that a careless memory takes for one another.
ALIKE = [
    ("low", "Low", "LOW"), ("low", " low", "low "), ("low", "lo", "l"), ("é", "e\u0301", "e"), ("ab", "ba", "aab"),
    ("1", "١", "²"), ("ﬁ", "fi"), ("a", "\uff41"), ("low", "wol"), (" ", "\u00a0", "\n", "\r\n"), ("\0", ""),
]  # fmt: skip


@settings(max_examples=20)
@given(st.sampled_from(ALIKE), st.booleans())
@example(ALIKE[0], False)
@example(ALIKE[1], False)
@example(ALIKE[3], False)
@example(ALIKE[4], False)
def test_encode_remembers_rightly(learner, words, backwards):
    """What was encoded before changes nothing: words that look alike keep their own ids, a second time too."""
    words = words[::-1] if backwards else words
    texts = [*words, *words, "".join(words)]
    for text, ids in zip(texts, session(learner, LOW, *(("encode", text) for text in texts)), strict=True):
        ids_hold(ids, LOW, text, f"encode({text!r})")


def test_encode_gives_a_new_list(learner):
    """The list of ids belongs to the caller: what becomes of it does not change what encode gives the next time."""
    for text in ("low", "low low", "", "x"):
        shown = f"t = {LOW.shown}; t.encode({text!r}).append(-1); t.encode({text!r})"
        ids = learner.probe("after_spoiling", LOW.sent(), text, shown=shown)
        ids_hold(ids, LOW, text, "the second encode")


def test_tokenizers_are_independent(learner):
    """Two tokenizers with different merges know nothing of one another."""
    other = Model(((b"l", b"o"), (b"lo", b"w"), (b"w", b"e")), "turned")
    for text in ("low lower", "wow"):
        shown = f"one, two = {LOW.shown}, {other.shown}; [t.encode({text!r}) for t in (one, two, one)]"
        answers = learner.probe("side_by_side", LOW.sent(), other.sent(), text, shown=shown)
        for name, ids, model in zip(("one", "two", "one"), answers, (LOW, other, LOW), strict=True):
            ids_hold(ids, model, text, f"{name}.encode")


# ---------------------------------------------------------------- encode: the cost


def different_pairs(many):
    """Different pairs of letters, no letter of one fitting another, and a merge for each of them, in another order."""
    rng = random.Random(5)
    found = [a + b for a in string.ascii_lowercase for b in string.ascii_uppercase]
    rng.shuffle(found)
    merges = [(pair[:1].encode(), pair[1:].encode()) for pair in found[:many]]
    rng.shuffle(merges)
    return found[:many], Model(tuple(merges))


PAIRS = """import random, string
pairs = [a + b for a in string.ascii_lowercase for b in string.ascii_uppercase]
pairs = random.sample(pairs, {0})
merges = [(p[:1].encode(), p[1:].encode()) for p in random.sample(pairs, {0})]
vocab = dict(enumerate([bytes([i]) for i in range(256)] + [a + b for a, b in merges]))
t = Tokenizer(vocab, merges)
"""


def ask_something_cheap(learner):
    """A few texts first: a diagnosis replays them too, and need not count lines where the answers differ."""
    texts = ("low lower", "owl é", "lowlow  low")
    for text, ids in zip(texts, session(learner, LOW, *(("encode", text) for text in texts)), strict=True):
        ids_hold(ids, LOW, text, f"encode({text!r})")


def test_cost_of_a_long_piece(learner):
    """Encoding a piece four times as long runs at most seven times as many lines of your code."""
    ask_something_cheap(learner)
    pairs, model = different_pairs(120)
    words = "".join(pairs[:30]), "".join(pairs)
    shown = PAIRS.format(120) + 't.encode("".join(pairs))  # and t.encode("".join(pairs[:30]))'
    over = learner.probe("lines_grow", model.sent(), *words, 7, shown=shown)
    check.that(
        not over,
        "a word of 240 letters takes more than seven times as many lines of your code as one of 60",
        "n · log n steps take about five times as many, n² steps sixteen times as many",
    )


def test_cost_of_many_merges(learner):
    """Encoding a short text costs the same, however many merges there are that have no part in it."""
    ask_something_cheap(learner)
    _, large = different_pairs(500)
    small = Model(large.merges[:20])
    text = "some ordinary words, none of them long"
    shown = f"{PAIRS.format(500)}t.encode({text!r})  # and with merges[:20] alone"
    over = learner.probe("merges_cost", small.sent(), large.sent(), text, shown=shown)
    check.that(not over, "with 500 merges a text takes more than twice as many lines of your code as with 20")


def test_encode_a_long_piece(learner):
    """One piece of 30,000 characters is encoded like any other."""
    rng = random.Random(11)
    # All pairs of letters, all pairs of these: 18,000 merges. Whoever walks through the piece for each of them, were it
    # by a quick function of Python's whose steps no count of lines sees, is not done when the time for a call is over.
    pairs = [(0, 1), (1, 0), (0, 0), (1, 1), *itertools.product(range(2, 6), repeat=2)]
    model = Model(grown([b"a", b"b"], pairs))
    for word in ("a" * 3_000, "".join(rng.choices("ab", k=30_000))):
        (ids,) = session(learner, model, ("encode", word))
        ids_hold(ids, model, word)


# ---------------------------------------------------------------- decode


@settings(max_examples=30)
@given(cases())
@example((LOW, "low lower é"))
@example((Model(((b"\x97", b"\xa5"),)), "日曰"))
def test_round_trip(learner, case):
    """Every text comes back: decode(encode(text)) is the text, to the last character."""
    model, text = case
    ids, back = session(learner, model, ("encode", text), ("decode", model.encoded(text)))
    check.equal(back, text, what="decode")
    ids_hold(ids, model, text)


def test_round_trip_of_strange_texts(learner):
    """Texts with capitals, marks, line ends, joiners and white space of every kind come back as they were."""
    for text in NASTY:
        expected = LOW.encoded(text)
        ids, back = session(learner, LOW, ("encode", text), ("decode", expected))
        check.equal(back, text, what="decode")
        ids_hold(ids, LOW, text)


@settings(max_examples=30)
@given(cases(), st.lists(st.integers(0, 400), max_size=7))
@example((Model(()), ""), [0xC3, 0xA9, 0xC3])
@example((Model(((b"\xc3", b"\xa9"), (b"\xa9", b"\xc3"))), ""), [0xC3, 257, 0xA9])
@example((LOW, ""), [])
@example((Model(()), ""), [0xF0, 0x9F, 0x99, 0x82, 0x82, 0x61])
def test_decode_any_ids(learner, case, numbers):
    """decode puts the bytes of all ids together before it reads characters; U+FFFD stands where they are no UTF-8."""
    model, text = case
    # The ids of the text and of the merges first: the ones of which characters are made.
    known = [*model.entries, *model.encoded(text), *model.ids([bytes([byte]) for byte in range(128, 256)])]
    ids = numbers if all(number in model.vocab for number in numbers) else [known[n % len(known)] for n in numbers]
    back, again = session(learner, model, ("decode", ids), ("decode", tuple(ids)))
    check.equal(back, b"".join(model.vocab[i] for i in ids).decode("utf-8", "replace"), what="decode")
    check.equal(again, back, what="decode of a tuple")


def test_decode_every_entry(learner):
    """decode knows every entry of vocab, also those that no merge makes and those with the bytes of another."""
    model = Model(LOW.merges, "apart", ((30_000, b"<|endoftext|>"), (30_001, b"low"), (30_002, b""), (77, b"\xff")))
    ids = [30_000, *list(model.entries), 30_001, 30_002, 77, 9000 - 3 * 97]
    (back,) = session(learner, model, ("decode", ids))
    check.equal(back, b"".join(model.vocab[i] for i in ids).decode("utf-8", "replace"), what="decode")


@few
@given(st.sampled_from(list(LAYOUTS)), st.lists(st.integers(0, 255), max_size=6))
@example("plain", [104, 111])
def test_decode_leaves_the_ids(learner, layout, numbers):
    """decode leaves the list of ids as it is."""
    model = Model(LOW.merges, layout)
    ids = model.ids([bytes([number]) for number in numbers])
    shown = f"t = {model.shown}; ids = {ids}; t.decode(ids); ids"
    back, kept = learner.probe("keeps_ids", model.sent(), list(ids), shown=shown)
    check.equal(kept, ids, what="the list of ids afterwards")
    check.equal(back, bytes(numbers).decode("utf-8", "replace"), what="decode")


@few
@given(st.sampled_from(list(LAYOUTS)), st.sampled_from([-1, -256, 20_000, 10**9]))
@example("plain", 260)
@example("plain", -1)
@example("apart", 8999)
def test_decode_of_no_id(learner, layout, wrong):
    """An id that is not in the vocabulary raises KeyError (or IndexError, or ValueError); −1 is none."""
    model = Model(LOW.merges, layout)
    for ids in ([wrong], [*model.ids([b"l", b"o"]), wrong]):
        with check.raises("KeyError", "IndexError", "ValueError"):
            session(learner, model, ("decode", ids))


# ---------------------------------------------------------------- from_files


def files_of(model, first="#version: 0.2\n", end="\n", ascii_only=False):
    """The two files of a model, as bytes."""
    entries = {written(token): i for i, token in sorted(model.vocab.items(), reverse=True)}
    lines = "".join(f"{written(left)} {written(right)}{end}" for left, right in model.merges)
    return json.dumps(entries, ensure_ascii=ascii_only).encode(), (first + lines).encode()


def read_files(learner, vocab, merges, *steps, **how):
    """What from_files makes of two files."""
    said = [name if not args else f"{name}({', '.join(map(short, args))})" for name, *args in steps]
    make = "Path(vocab), Path(merges)" if how.get("pathlib") else '"vocab.json", "merges.txt"'
    listing = merges.decode("utf-8", "replace")
    shown = "; ".join([f"t = Tokenizer.from_files({make})", *(f"t.{one}" for one in said)])
    shown += f"\n# merges.txt: {listing if len(listing) <= 200 else listing[:160] + '…'!r}"
    return learner.probe("from_files", vocab, merges, *steps, shown=shown, **how)


def reading_holds(learner, model, vocab_bytes, merges_bytes, text, **how):
    steps = (("merges",), ("vocab",), ("encode", text), ("decode", model.encoded(text)))
    merges, vocab, ids, back, *_ = read_files(learner, vocab_bytes, merges_bytes, *steps, **how)
    check.equal(merges, list(model.merges), what="merges")
    check.equal(vocab, model.vocab, what="vocab")
    ids_hold(ids, model, text)
    check.equal(back, text, what="decode")


@settings(max_examples=12)
@given(cases(), st.booleans())
@example((LOW, "low lower"), False)
@example((Model(LOW.merges, "turned"), "low lower"), True)
@example((Model(((b" ", b"\n"), (b"\xc3", b"\xa9"), (b"\x00", b"\xad")), "apart"), "é \n"), False)
def test_files(learner, case, ascii_only):
    """from_files reads vocab and merges as they are in the files, byte for character, with the ids of the file."""
    model, text = case
    reading_holds(learner, model, *files_of(model, ascii_only=ascii_only), text)


HASHES = Model(((b"#", b"#"), (b"##", b"#"), (b"#", b"version"[:1]), (b"a", b"b"), (b"#", b" ")))


def test_files_version_line(learner):
    """A first line that begins with "#version" is no merge; every other line is one, also with a # in front."""
    for first in ("#version: 0.2\n", "#version: 0.2 - trained on something\n", "#version\n", ""):
        reading_holds(learner, HASHES, *files_of(HASHES, first), "### #v ab")


def test_files_line_ends(learner):
    """Lines end with "\\n" or "\\r\\n", the last one perhaps with nothing; empty lines do no harm."""
    for merges in (LOW, HASHES):
        vocab, lines = files_of(merges)
        crlf = files_of(merges, "#version: 0.2\r\n", "\r\n")[1]
        for data in (lines[:-1], lines + b"\n\n", crlf, crlf + b"\r\n", crlf[:-2]):
            reading_holds(learner, merges, vocab, data, "low low ## ab")


def test_files_without_merges(learner):
    """Files of a vocabulary without merges are read as well."""
    model = Model((), "turned")
    for first in ("#version: 0.2\n", "", "#version: 0.2"):
        reading_holds(learner, model, *files_of(model, first), "low\r\né")


def test_files_every_byte(learner):
    """Every byte is found again, those that are printed as another character too."""
    rng = random.Random(3)
    data = list(range(256))
    rng.shuffle(data)
    merges = tuple((bytes([a]), bytes([b])) for a, b in zip(data[::2], data[1::2], strict=True))
    for layout in LAYOUTS:
        reading_holds(learner, Model(merges, layout), *files_of(Model(merges, layout)), "Ġ Ċ\x00\x7f\xa0\xad é🙂\r\n")


def test_files_are_utf8_everywhere(learner):
    """The files are read as UTF-8, whatever encoding the computer prefers."""
    model = Model(((b" ", b"a"), (b"\xc3", b"\xa9"), (b" a", b"b")))
    reading_holds(learner, model, *files_of(model), " ab é", elsewhere=True)


def test_files_further_entries(learner):
    """Entries that no merge makes, such as <|endoftext|>, are in vocab with their id."""
    model = Model(LOW.merges, "turned", ((50_256, b"<|endoftext|>"), (50_257, b"<| the end |>"), (50_258, b"lower")))
    reading_holds(learner, model, *files_of(model), "low<|endoftext|> lower")


@few
@given(st.sampled_from([" ", "\n", "日", "\xad", "\x00", "ń🙂", "\u0144", "\xa0a"]))
@example("日")
def test_files_other_characters(learner, token):
    """A character that is not in the table raises ValueError or KeyError."""
    entries = {written(bytes([byte])): byte for byte in range(256)} | {token: 256}
    with check.raises("ValueError", "KeyError"):
        read_files(learner, json.dumps(entries).encode(), b"#version: 0.2\n")


def test_files_missing_entries(learner):
    """A vocabulary file without an entry that is needed raises ValueError, as the constructor does."""
    vocab, lines = files_of(Model(()))
    with check.raises("ValueError"):
        read_files(learner, vocab, files_of(LOW)[1])
    shorter = {token: i for token, i in json.loads(vocab).items() if token != "Ġ"}
    with check.raises("ValueError"):
        read_files(learner, json.dumps(shorter).encode(), lines)


def test_files_paths(learner):
    """The paths may be pathlib.Path; the files are only read."""
    data = files_of(LOW)
    *_, vocab, merges = read_files(learner, *data, ("encode", "low"), pathlib=True, files=True)
    check.equal(vocab, data[0], what="vocab.json afterwards")
    check.equal(merges, data[1], what="merges.txt afterwards")
    reading_holds(learner, LOW, *data, "low low", pathlib=True)
