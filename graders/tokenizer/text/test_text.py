"""The hidden grader of 1.1. Its oracles: the interpreter's own codec, and words found by looking at every character."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check

few = settings(max_examples=10)

# The first and the last character of every length, what lies around them, and what somebody might want to tidy up.
EDGES = [0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xFF, 0x100, 0x3FF, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000]
EDGES += [0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1F600, 0x3FFFF, 0x40000, 0xFFFFF, 0x100000, 0x10FFFF]
ODD = "aé\u0301中я🙂\u200d\0\r\n\t\x1c\x85\xa0\u2028\ufeff\ufffd\uffff\U00010000\U0010ffff\x7f\x80\u07ff\u0800"
FAMILY = "👨\u200d👩\u200d👧"
NASTY = ["", "\ufeffa", "\0", "a\r\nb\rc\n", "e\u0301 é", FAMILY, "Å\u212b", "ﬁ", "  a ", "\ufffd", "日本語", "😀a"]
SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff", "a\udc80b", "\ud83d\ude00"]
ERRORS = ("replace", "ignore", "strict")

characters = st.one_of(st.sampled_from([chr(point) for point in EDGES]), st.characters(codec="utf-8"))
texts = st.one_of(st.sampled_from(NASTY), st.text(alphabet=ODD, max_size=12), st.text(characters, max_size=6))

# Good bytes and bad ones: characters cut short, tails without a lead, forms that are too long, surrogates, too high.
PIECES = [[0x41], [0xC3, 0xA9], [0xE4, 0xB8, 0xAD], [0xF0, 0x9F, 0x99, 0x82], [0xEF, 0xBB, 0xBF], [0x00]]
BROKEN = [[0xC3], [0xE4, 0xB8], [0xE4], [0xF0, 0x9F, 0x99], [0xF0, 0x9F], [0xF0], [0x80], [0xBF, 0x80], [0xC0, 0x80]]
BROKEN += [[0xE0, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5], [0xFF]]
BROKEN += [[0xC1, 0xBF], [0xE0, 0x9F], [0xF8, 0x88, 0x80, 0x80, 0x80]]


@st.composite
def byte_strings(draw):
    """Bytes that are mostly UTF-8, with something broken among them."""
    drawn = draw(st.lists(st.sampled_from(PIECES), max_size=3))
    drawn.insert(draw(st.integers(0, len(drawn))), draw(st.sampled_from(BROKEN)))
    drawn += draw(st.lists(st.sampled_from([*PIECES, *BROKEN]), max_size=2))
    return [byte for piece in drawn for byte in piece] + draw(st.lists(st.integers(0, 255), max_size=2))


def utf8(text):
    """The interpreter's own answer."""
    return list(text.encode("utf-8"))


# ---------------------------------------------------------------- utf8_bytes


def test_utf8_number_of_bytes(learner):
    """A character has 1 byte up to U+007F, 2 up to U+07FF, 3 up to U+FFFF and 4 above."""
    for point in EDGES:
        got = learner.utf8_bytes(chr(point))
        check.that(isinstance(got, list | tuple | bytes), f"utf8_bytes gives {check.describe(got)}, expected a list")
        expected = 1 + (point > 0x7F) + (point > 0x7FF) + (point > 0xFFFF)
        bytes_of_it = f"{expected} byte{'s' * (expected > 1)}"
        check.that(len(got) == expected, f"U+{point:04X} gives {check.shorten(got)}, expected {bytes_of_it}")


@given(characters)
@example("é")
@example("€")
@example("🙂")
def test_utf8_of_a_character(learner, char):
    """utf8_bytes of one character is its UTF-8, a list of ints."""
    got, expected = learner.utf8_bytes(char), utf8(char)
    what = f"utf8_bytes({char!a})"
    if isinstance(got, list) and got != expected and all(type(byte) is int and 0 <= byte < 0x200000 for byte in got):
        check.fail(f"{what} is {got}, expected {expected}", f"in bits {bits(got)}", f"expected {bits(expected)}")
    check.equal(got, expected, what=what)


def bits(ids):
    return " ".join(f"{byte:08b}" for byte in ids)


@given(texts)
@example("né")
@example("")
def test_utf8_of_a_text(learner, text):
    """utf8_bytes of a text is the bytes of its characters, one after the other; of an empty text, the empty list."""
    check.equal(learner.utf8_bytes(text), utf8(text), what="utf8_bytes")


def test_utf8_leaves_the_text_alone(learner):
    """Nothing is normalised, added or left out: e + accent stays two characters, CR LF two bytes, NUL one."""
    for text in NASTY:
        check.equal(learner.utf8_bytes(text), utf8(text), what=f"utf8_bytes({text!a})")


@settings(max_examples=2)
@given(st.integers(0, 996))
def test_utf8_of_every_plane(learner, start):
    """utf8_bytes is right in all 17 planes of Unicode: one character of every 997 is tried."""
    text = "".join(chr(point) for point in range(start, 0x110000, 997) if not 0xD800 <= point <= 0xDFFF)
    part = text
    while learner.utf8_bytes(part) != utf8(part) and len(part) > 1:
        # Too long to show: look for the fault in the first half, else in the second.
        first, second = part[: len(part) // 2], part[len(part) // 2 :]
        part = first if learner.utf8_bytes(first) != utf8(first) else second
    for shown in (part, text):
        check.equal(learner.utf8_bytes(shown), utf8(shown), what=f"utf8_bytes({check.shorten(shown)})")


@few
@given(st.sampled_from(SURROGATES))
@example("\ud800")
@example("\udfff")
@example("\ud83d\ude00")
def test_utf8_of_surrogates(learner, text):
    """A surrogate (U+D800 to U+DFFF) raises ValueError; a str that holds two side by side still holds two of them."""
    refuses(learner, ["ValueError"], "utf8_bytes", text)


def refuses(learner, kinds, name, *args, build=()):
    """Claim that a call raises an error of one of these kinds; any other error is reported as it is."""
    inside = ", ".join(repr(argument) for argument in args)
    called = f"{show_build(build)}; tokenizer.{name}" if build else name.replace("ByteTokenizer.", "ByteTokenizer().")
    seen = learner.probe("refusal", list(kinds), name, *args, build=build, shown=f"{called}({inside})")
    expected = " or ".join(kinds)
    check.that(seen["raised"], f"nothing was raised, expected {expected}", f"returned {seen.get('returned')!r}")


# ---------------------------------------------------------------- decode_bytes


@few
@given(texts)
@example("né")
@example(FAMILY)
@example("\ufeffa\0")
def test_decode_of_whole_texts(learner, text):
    """decode_bytes gives back every text from its bytes, whatever `errors` is."""
    for errors in ERRORS:
        check.equal(learner.decode_bytes(utf8(text), errors), text, what="decode_bytes")


@settings(max_examples=30)
@given(byte_strings())
@example([0xE4, 0xB8])
@example([110, 195])
@example([0xC3, 0xA9, 0xA9])
@example([0xF0, 0x9F, 0x99, 0x41])
def test_decode_replaces(learner, ids):
    """By default, and with "replace", U+FFFD stands for bytes that are no UTF-8: as many times as Python puts it."""
    expected = bytes(ids).decode("utf-8", "replace")
    check.equal(learner.decode_bytes(ids), expected, what="decode_bytes")
    check.equal(learner.decode_bytes(ids, "replace"), expected, what='decode_bytes with "replace"')


@few
@given(byte_strings())
@example([0xC3, 0x41])
def test_decode_ignores(learner, ids):
    """With errors="ignore", bytes that are no UTF-8 are left out."""
    got = learner.decode_bytes(ids, errors="ignore")
    check.equal(got, bytes(ids).decode("utf-8", "ignore"), what="decode_bytes")


@few
@given(byte_strings())
@example([0xC3])
@example([0xED, 0xA0, 0x80])
def test_decode_strict(learner, ids):
    """With errors="strict", bytes that are no UTF-8 raise ValueError."""
    try:
        expected = bytes(ids).decode("utf-8")
    except UnicodeDecodeError:
        refuses(learner, ["ValueError"], "decode_bytes", ids, "strict")
    else:
        check.equal(learner.decode_bytes(ids, "strict"), expected, what="decode_bytes")


@few
@given(st.sampled_from([[256], [-1], [65, 321], [1000, 65], [-128], [65, 0x4E2D]]), st.sampled_from(ERRORS))
@example([256], "replace")
@example([-1], "replace")
@example([256], "ignore")
def test_decode_of_no_bytes(learner, ids, errors):
    """An id below 0 or above 255 is no byte: decode_bytes raises ValueError, whatever `errors` is."""
    refuses(learner, ["ValueError"], "decode_bytes", ids, errors)


@few
@given(byte_strings())
@example([])
def test_decode_leaves_ids(learner, ids):
    """decode_bytes takes a list or a tuple and leaves a list as it was."""
    seen = learner.probe("purity", "decode_bytes", (ids,))
    check.that(not seen["changed"], "decode_bytes changed the list it was given")
    check.equal(learner.decode_bytes(tuple(ids)), bytes(ids).decode("utf-8", "replace"), what="decode_bytes of a tuple")


# ---------------------------------------------------------------- ByteTokenizer


def of_bytes(learner, name, *args):
    inside = ", ".join(repr(argument) for argument in args)
    shown = f"ByteTokenizer().{name}({inside})" if args else f"ByteTokenizer().{name}"
    return learner.probe("byte_tokenizer", name, *args, shown=shown)


def test_byte_vocab_size(learner):
    """A ByteTokenizer has 256 ids."""
    check.equal(of_bytes(learner, "vocab_size"), 256, what="vocab_size")


@few
@given(texts)
@example("né")
def test_byte_encode(learner, text):
    """ByteTokenizer.encode gives the UTF-8 bytes of a text: as many ids as bytes, not as characters."""
    check.equal(of_bytes(learner, "encode", text), utf8(text), what="encode")


@given(texts)
@example(FAMILY)
@example("\ufeffa\r\n\0")
def test_byte_round_trip(learner, text):
    """decode(encode(text)) is the text, to the last character."""
    ids = of_bytes(learner, "encode", text)
    check.equal(of_bytes(learner, "decode", ids), text, what="decode(encode(text))")


@few
@given(byte_strings())
@example([0xE4, 0xB8])
@example([0xC3, 0x41])
def test_byte_decode_of_anything(learner, ids):
    """ByteTokenizer.decode has a text for all bytes, with U+FFFD where they are no UTF-8: a model may produce any."""
    check.equal(of_bytes(learner, "decode", ids), bytes(ids).decode("utf-8", "replace"), what="decode")


@few
@given(st.sampled_from([[256], [-1], [65, 321], [72, -128]]), st.sampled_from(SURROGATES))
@example([256], "\ud800")
@example([-1], "\udfff")
def test_byte_refusals(learner, ids, text):
    """An id outside 0 … 255, or a surrogate, raises ValueError here as well."""
    refuses(learner, ["ValueError"], "ByteTokenizer.decode", ids)
    refuses(learner, ["ValueError"], "ByteTokenizer.encode", text)


# ---------------------------------------------------------------- words: the oracle


def split(text):
    """The words of a text, found by looking at every character."""
    words = [""]
    for char in text:
        if char.isspace():
            words.append("")
        else:
            words[-1] += char
    return [word for word in words if word]


def vocabulary(corpus, size, min_freq=1):
    """The vocabulary by its definition: again and again the most frequent of what is left, the first of these."""
    words = [word for text in corpus for word in split(text)]
    left = {word for word in words if words.count(word) >= min_freq} - {"<unk>"}
    chosen = ["<unk>"]
    while left and len(chosen) < size:
        most = max(words.count(word) for word in left)
        chosen.append(min(word for word in left if words.count(word) == most))
        left.remove(chosen[-1])
    return dict(enumerate(chosen))


def ids_of(vocab, text):
    known = {word: number for number, word in vocab.items()}
    return [known.get(word, 0) for word in split(text)]


# ---------------------------------------------------------------- words: the inputs


# Python's `<` puts capitals first, accents last, "10" before "9", and characters beyond U+FFFF behind all others.
WORDS = ["to", "be", "or", "not", "tö", "Zoo", "zoo", "10", "9", "\uffee", "\U00010437", "da", "bar", "b"]
ALIKE = [
    "the",
    "The",
    "THE",
    "the.",
    "(the)",
    "t-he",
    "é",
    "e\u0301",
    "ﬁ",
    "fi",
    "ß",
    "ss",
    "don't",
    "<UNK>",
    "unk",
    "42",
]
SPACES = [" ", "  ", "\n", "\t", "\r\n", "\x0b", "\x0c", "\x1c", "\x1f", "\x85", "\xa0", "\u2028", "\u3000"]
# They look like spaces, or like nothing, and belong to the word they stand in.
NO_SPACES = ["a\u200bb", "\u200b", "a\u2060b", "\ufeffa", "a\0b", "\u2800"]

sizes = st.integers(1, 9)


@st.composite
def corpora(draw, words=tuple(WORDS), most=4):
    """A few texts of a few words, so that counts are equal as often as not."""
    chosen = draw(st.lists(st.sampled_from(words), min_size=2, max_size=6, unique=True))
    some = st.lists(st.sampled_from(chosen), max_size=6).map(" ".join)
    return draw(st.lists(some, min_size=1, max_size=most))


def show_build(build, once=False):
    """The call as Python."""
    texts, *rest = map(repr, build)
    return f"tokenizer = WordTokenizer.build({', '.join([f'iter({texts})' if once else texts, *rest])})"


def run(learner, build, *steps, once=False):
    """What the steps give on a tokenizer built over there: an attribute ("vocab",) or a call ("encode", text)."""
    calls = [f"tokenizer.{name}" + (f"({args[0]!r})" if args else "") for name, *args in steps]
    shown = "; ".join([show_build(build, once), *calls])
    return learner.probe("word_tokenizer", build, list(steps), once=once, shown=shown)


def has_vocabulary(learner, build, *, once=False):
    """Claim that the vocabulary is the one of the definition."""
    (got,) = run(learner, build, ("vocab",), once=once)
    check.that(isinstance(got, dict), f"vocab is {check.describe(got)}, expected a dict of id: word")
    expected = vocabulary(*build)
    same = got.keys() == expected.keys() and sorted(map(repr, got.values())) == sorted(map(repr, expected.values()))
    if got != expected and same:
        check.fail(f"vocab has the right words in another order: {got}", f"expected {expected}")
    check.that(got == expected, f"vocab is {got}", f"expected {expected}")


# ---------------------------------------------------------------- build


@given(corpora(), sizes)
@example(["to be or", "not to be to"], 9)
@example(["b a b", "c c b"], 9)
@example(["b a", "a b c"], 2)
def test_build(learner, corpus, size):
    """The vocabulary is "<unk>", then the words by falling count, at most vocab_size entries in all."""
    has_vocabulary(learner, (corpus, size))


@given(st.lists(st.sampled_from(WORDS), min_size=2, max_size=8, unique=True), sizes)
@example(["b", "a"], 2)
@example(["zoo", "Zoo", "9", "10"], 9)
def test_build_ties(learner, words, size):
    """Words of one count stand in the order of Python's `<`, and the last of them are the ones cut off."""
    has_vocabulary(learner, ([" ".join(words)], size))


@few
@given(corpora(), sizes)
@example(["be"], 1)
@example(["be"], 9)
def test_build_attributes(learner, corpus, size):
    """unk_id is 0, and vocab_size is the number of entries that vocab has, also when there are fewer than allowed."""
    unk_id, vocab_size = run(learner, (corpus, size), ("unk_id",), ("vocab_size",))
    check.equal(unk_id, 0, what="unk_id")
    check.equal(vocab_size, len(vocabulary(corpus, size)), what="vocab_size")


@given(corpora(), sizes, st.integers(1, 4))
@example(["a a b", "b a"], 9, 3)
@example(["a b", "a b", "a"], 9, 2)
def test_build_min_freq(learner, corpus, size, min_freq):
    """Words that occur fewer than min_freq times in all the texts together are left out; min_freq times is enough."""
    has_vocabulary(learner, (corpus, size, min_freq))


@few
@given(corpora((*WORDS[:4], "<unk>", "<UNK>", "unk")), sizes)
@example(["<unk> a <unk>", "<unk> b b"], 3)
@example(["<unk>"], 9)
def test_build_reserves_unk(learner, corpus, size):
    """A word spelled "<unk>" in the texts gets no second id and takes nobody's place."""
    has_vocabulary(learner, (corpus, size))


@few
@given(st.lists(st.sampled_from(ALIKE), min_size=1, max_size=8), sizes)
@example(["The", "the", "the."], 9)
@example(["e\u0301", "é"], 9)
@example(["42", "don't", "fi"], 9)
def test_build_leaves_words_alone(learner, words, size):
    """Words are as they were written: case, punctuation, digits and accents stay, and make different words."""
    has_vocabulary(learner, ([" ".join(words)], size))


@few
@given(st.lists(st.tuples(st.sampled_from([*WORDS[:3], *NO_SPACES]), st.sampled_from(SPACES)), max_size=6))
@example([("a", "\n"), ("b", "  "), ("a", "\xa0"), ("c", "\x1c")])
@example([("a", "\t"), ("a\u200bb", " ")])
def test_build_splits_at_white_space(learner, pairs):
    """Words end at white space of every kind that text.split() knows, and nowhere else; no word is empty."""
    has_vocabulary(learner, (["".join(word + space for word, space in pairs)], 9))
    has_vocabulary(learner, (["".join(space + word for word, space in pairs)], 9))


@few
@given(corpora(), sizes)
@example(["ab", "c"], 9)
def test_build_reads_once(learner, corpus, size):
    """texts may be an iterator, which can be read only once, and a word ends where its text ends."""
    has_vocabulary(learner, (corpus, size), once=True)


@few
@given(st.sampled_from([[], [""], [" \n", "\u3000"]]), sizes)
@example([], 5)
def test_build_of_nothing(learner, corpus, size):
    """Without any words in the texts, or without any texts, the vocabulary is "<unk>" alone."""
    has_vocabulary(learner, (corpus, size))


def test_build_refusals(learner):
    """A vocab_size below 1 raises ValueError, a single str in place of the texts TypeError."""
    for size in (0, -3):
        refuses(learner, ["ValueError"], "WordTokenizer.build", ["to be"], size)
    for text in ("to be", ""):
        refuses(learner, ["TypeError"], "WordTokenizer.build", text, 5)


def test_build_memory(learner):
    """While build reads the texts it keeps the different words and their counts, and not the texts themselves."""
    shown = "WordTokenizer.build(texts, 100)  # texts: a generator of 40 texts of 40,000 characters"
    too_much = learner.probe("reads_one_at_a_time", 40, 500_000, shown=shown)
    check.that(not too_much, "building from 1.6 MB of text, made of 8 different words, took more than 0.5 MB of memory")


def test_build_work(learner):
    """build looks each word up once and sorts once: it does not go through all words again for every word."""
    claims_work(learner, "build", "WordTokenizer.build([text], 401)")


def claims_work(learner, call, python, different=400, each=20):
    shown = f"{python}  # {different} different words, each twice"
    too_often = learner.probe("compares_too_often", call, different, 2 * different * each, shown=shown)
    check.that(not too_often, f"{call} compared two words more than {each} times for each word of the text")


# ---------------------------------------------------------------- encode


@given(corpora(), sizes, corpora())
@example(["to be or", "not to be"], 4, ["to sleep, to be"])
@example([""], 5, ["to be"])
def test_encode(learner, corpus, size, others):
    """encode gives the id of every word in its place, and unk_id for a word outside the vocabulary."""
    text = " ".join([corpus[0], *others])
    (got,) = run(learner, (corpus, size), ("encode", text))
    check.equal(got, ids_of(vocabulary(corpus, size), text), what="encode")


@few
@given(
    st.lists(st.sampled_from(ALIKE), min_size=2, max_size=5, unique=True), st.lists(st.sampled_from(ALIKE), max_size=6)
)
@example(["The", "day"], ["the", "The", "The."])
@example(["é"], ["e\u0301", "é"])
def test_encode_leaves_words_alone(learner, known, words):
    """Only the very same spelling is the same word: "the" is not "The", nor "the."."""
    (got,) = run(learner, ([" ".join(known)], 30), ("encode", " ".join(words)))
    check.equal(got, ids_of(vocabulary([" ".join(known)], 30), " ".join(words)), what="encode")


@few
@given(st.lists(st.tuples(st.sampled_from(SPACES), st.sampled_from([*WORDS[:3], *NO_SPACES])), max_size=6))
@example([])
@example([("\x85", "to"), ("  ", "be"), ("\u2028", "sleep")])
def test_encode_counts_words(learner, pairs):
    """There are as many ids as words, whatever white space stands between them: none for a text without words."""
    text = "".join(space + word for space, word in pairs)
    for shown in (text, f"{text} \n"):
        (got,) = run(learner, (["to be", "to"], 9), ("encode", shown))
        check.equal(got, ids_of({0: "<unk>", 1: "to", 2: "be"}, shown), what="encode")


@few
@given(corpora((*WORDS[:4], "<unk>")), sizes)
@example(["<unk> a"], 9)
def test_encode_unk(learner, corpus, size):
    """The word "<unk>" itself has the id unk_id."""
    (got,) = run(learner, (corpus, size), ("encode", "<unk> to <unk>"))
    check.equal(got, ids_of(vocabulary(corpus, size), "<unk> to <unk>"), what="encode")


@few
@given(corpora(), corpora())
@example(["to be"], ["to sleep", "sleep"])
def test_encode_learns_nothing(learner, corpus, others):
    """encode leaves the vocabulary as it was: an unknown word is unknown the second time, too."""
    text, expected = " ".join(others), vocabulary(corpus, 9)
    first, second, vocab, size = run(
        learner, (corpus, 9), ("encode", text), ("encode", text), ("vocab",), ("vocab_size",)
    )
    check.equal(first, ids_of(expected, text), what="the first encode")
    check.equal(second, first, what="the second encode")
    check.equal(vocab, expected, what="vocab afterwards")
    check.equal(size, len(expected), what="vocab_size afterwards")


@few
@given(corpora(), corpora())
@example(["to be"], ["or not"])
def test_tokenizers_are_independent(learner, first, second):
    """Building a second tokenizer changes nothing in the first."""
    text = " ".join([*first, *second])
    shown = (
        f"one = WordTokenizer.build({first!r}, 9); WordTokenizer.build({second!r}, 9); one.vocab; one.encode({text!r})"
    )
    before, after = learner.probe("two_tokenizers", (first, 9), (second, 9), text, shown=shown)
    for what, now, then in zip(("vocab of the first", "encode of the first"), after, before, strict=True):
        check.equal(now, then, what=what)


def test_encode_work(learner):
    """encode finds a word at once: the time for it does not grow with the vocabulary."""
    claims_work(learner, "encode", "WordTokenizer.build([text], 401).encode(text)")


# ---------------------------------------------------------------- decode


@few
@given(corpora(), sizes, st.lists(st.integers(0, 8), max_size=8))
@example(["to be or", "not to be"], 4, [2, 0, 2, 1])
@example(["to be"], 3, [0])
@example(["to be"], 3, [])
def test_decode(learner, corpus, size, numbers):
    """decode joins the words of the ids with one space; unk_id gives "<unk>", and no ids the empty text."""
    vocab = vocabulary(corpus, size)
    ids = [number % len(vocab) for number in numbers]
    (got,) = run(learner, (corpus, size), ("decode", ids))
    check.equal(got, " ".join(vocab[number] for number in ids), what="decode")


def test_word_lists_stay(learner):
    """build leaves a list of texts as it was, and decode a list of ids; the ids may be a tuple as well."""
    texts, ids = ["to be or", "not to be"], [2, 0, 1]
    for given_ids in (ids, tuple(ids)):
        shown = f"texts, ids = {texts}, {given_ids}; WordTokenizer.build(texts, 4).decode(ids)"
        text, changed = learner.probe("lists_afterwards", texts, 4, given_ids, shown=shown)
        check.equal(text, "to <unk> be", what="decode")
        check.that(not changed, f"the {changed} are no longer what they were")


@few
@given(corpora(), sizes, st.sampled_from([0, 1, 100, -1, -2]))
@example(["to be"], 9, -1)
@example(["to be"], 9, 0)
def test_decode_of_no_id(learner, corpus, size, beyond):
    """An id that is not in the vocabulary raises KeyError (or IndexError, or ValueError); −1 is none."""
    wrong = beyond if beyond < 0 else len(vocabulary(corpus, size)) + beyond
    refuses(learner, ["KeyError", "IndexError", "ValueError"], "decode", [0, wrong], build=(corpus, size))


@few
@given(corpora(), sizes, corpora((*ALIKE, *WORDS)), st.sampled_from(SPACES))
@example(["to be"], 9, ["to sleep", "be"], "\r\n")
def test_decode_encode_settles(learner, corpus, size, others, space):
    """decode(encode(text)) loses unknown words and white space, once: encoding it again gives the same ids."""
    vocab, text = vocabulary(corpus, size), " ".join([*corpus, *others]).replace(" ", space)
    (ids,) = run(learner, (corpus, size), ("encode", text))
    check.equal(ids, ids_of(vocab, text), what="encode")
    (settled,) = run(learner, (corpus, size), ("decode", ids))
    check.equal(settled, " ".join(vocab[number] for number in ids), what="decode(encode(text))")
    (again,) = run(learner, (corpus, size), ("encode", settled))
    check.equal(again, ids, what="encode(decode(encode(text)))")
