"""The hidden grader of 1.7. It has tokenizers of its own, and counts with fractions."""

import itertools
import math
import unicodedata
from collections import Counter
from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check

few = settings(max_examples=10)
END = "<|end|>"

# ---------------------------------------------------------------- oracle: tokenizers and texts


def pieces(merges, text):
    """How many tokens a text has when the merges are made one after another."""
    tokens = [bytes([byte]) for byte in text.encode()]
    for pair in merges:
        at = 0
        while at < len(tokens) - 1:
            if (tokens[at], tokens[at + 1]) == pair:
                tokens[at : at + 2] = [pair[0] + pair[1]]
            at += 1
    return len(tokens)


def size_of(kind, text):
    if isinstance(kind, str):
        return len(text) + (kind == "marked")
    return len(text.split()) if isinstance(kind, tuple) else pieces(kind, text)


def learned(text, room):
    """Merges of a text, by counting all pairs again before each; ties in the order of the pairs."""
    tokens = [bytes([byte]) for byte in text.encode()]
    merges = []
    while len(merges) < room and len(tokens) > 1:
        counts = Counter(itertools.pairwise(tokens))
        pair = max(counts, key=lambda pair: (counts[pair], pair))
        merges.append(pair)
        at = 0
        while at < len(tokens) - 1:
            if (tokens[at], tokens[at + 1]) == pair:
                tokens[at : at + 2] = [pair[0] + pair[1]]
            at += 1
    return merges


MERGES = [
    (b"a", b"b"),
    (b" ", b"ab"),
    (b"\xc3", b"\xa9"),
    (b"ab", b"ab"),
    (b"\xd0", b"\xbc"),
    (b"\n", b"\n"),
    (b"a", b"a"),
]
KINDS = [[], MERGES[:1], MERGES[:3], MERGES, "letters"]
kinds = st.sampled_from(KINDS)
NAMES = {
    "letters": "one token for each character",
    "marked": "one token for each character, and one more in front of every text",
}


def words_for(kind):
    """The tokenizer in words, for the learner."""
    if isinstance(kind, tuple):
        return f"a tokenizer of {kind[0]}, {kind[1]}, unk_id = {kind[2]}"
    if isinstance(kind, str):
        return NAMES[kind]
    return f"bytes, and the merges {kind}" if kind else "one token for each byte"


texts = st.text(st.sampled_from("ab é м\n日🙂-1"), min_size=1, max_size=16)


def ask(learner, name, kind, text, **kw):
    options = "".join(f", {key}={value!r}" for key, value in kw.items())
    shown = f"{name}(tok, {check.shorten(text, 300)}{options})  # tok: {words_for(kind)}"
    return learner.probe("ask", name, kind, text, shown=shown, **kw)


def number_is(got, expected, what):
    """A float (or an int where it is whole), equal up to rounding."""
    check.that(
        isinstance(got, int | float) and not isinstance(got, bool),
        f"{what} is {check.describe(got)}, expected a number",
    )
    check.close(float(got), float(expected), what=what, elementwise=True)


# ---------------------------------------------------------------- compression_ratio


@settings(max_examples=30)
@given(kinds, texts)
@example([], "é")
@example("letters", "日本")
@example(MERGES, "ab ab")
def test_ratio(learner, kind, text):
    """The compression ratio is the text's bytes in UTF-8 divided by its tokens."""
    tokens = size_of(kind, text)
    got = ask(learner, "compression_ratio", kind, text)
    number_is(got, Fraction(len(text.encode()), tokens), f"the ratio of {len(text.encode())} bytes in {tokens} tokens")


@few
@given(texts)
@example("日本 🙂")
def test_ratio_of_bytes(learner, text):
    """A byte tokenizer has the ratio 1 on every text, in every script."""
    number_is(ask(learner, "compression_ratio", [], text), 1, "the ratio of a byte tokenizer")


@settings(max_examples=5)
@given(st.lists(st.sampled_from(["low", "lower", "newest", "été", "мир", "日本"]), min_size=3, max_size=12))
@example(["low", "lower", "low", "lower", "newest"])
def test_ratio_grows(learner, words):
    """On the text it was trained on, a tokenizer of more merges compresses at least as well."""
    text = " ".join(words)
    merges = learned(text, 12)
    sizes = [256 + k for k in range(0, len(merges) + 1, 3)]
    shown = f"[compression_ratio(the first V - 256 of the merges {merges}, {text!r}) for V in {sizes}]"
    got = check.items(learner.probe("ratios", merges, sizes, text, shown=shown), len(sizes))
    for before, after, size in zip(got, got[1:], sizes[1:], strict=False):
        check.that(before <= after, f"the ratio falls from {before:.6g} to {after:.6g} at a vocabulary of {size}")
    for ratio, size in zip(got, sizes, strict=True):
        expected = Fraction(len(text.encode()), pieces(merges[: size - 256], text))
        number_is(ratio, expected, f"the ratio at a vocabulary of {size}")


def test_ratio_of_scripts(learner):
    """A tokenizer that learned from English compresses other scripts less."""
    english, greek = "the cat and the hat and the rat", "η γάτα και το καπέλο"
    merges = learned(english, 20)
    got = [ask(learner, "compression_ratio", merges, text) for text in (english, greek)]
    for ratio, text in zip(got, (english, greek), strict=True):
        number_is(ratio, Fraction(len(text.encode()), pieces(merges, text)), f"the ratio of {text!r}")


def parts_of(text, specials):
    parts, at = [""], 0
    while at < len(text):
        here = max((s for s in specials if text.startswith(s, at)), key=len, default="")
        if here:
            parts.append("")
        else:
            parts[-1] += text[at]
        at += len(here) or 1
    return [part for part in parts if part]


special_texts = st.lists(st.sampled_from([END, "ab", "é", " ", "<|", "a|b", "[x]", "日", END + "!"]), max_size=7)


@settings(max_examples=25)
@given(
    st.sampled_from([*KINDS, "marked"]),
    special_texts.map("".join),
    st.sampled_from([[END], [END, "[x]"], ["a|b", END, END + "!"], []]),
)
@example([], f"ab{END}ab", [END])
@example(MERGES, f"a{END}b", [END])
@example("marked", f"{END}a{END}{END}", [END])
@example("letters", f"{END}!é", [END, END + "!"])
@example("letters", f"é{END}!", [END + "!", END])
def test_ratio_without_specials(learner, kind, text, specials):
    """Special tokens count neither as bytes nor as tokens; what lies between them is encoded part by part."""
    text = text + "ab"
    parts = parts_of(text, specials)
    expected = Fraction(sum(len(part.encode()) for part in parts), sum(size_of(kind, part) for part in parts))
    got = ask(learner, "compression_ratio", kind, text, special_tokens=specials)
    number_is(got, expected, f"the ratio of the parts {parts}")


@few
@given(st.sampled_from([(END, "[x]"), {END: 1}, frozenset([END])]))
@example((END, "[x]"))
def test_ratio_special_kinds(learner, specials):
    """special_tokens may be any iterable: a list, a tuple, the keys of a dict."""
    text = f"é{END}ab"
    got = ask(learner, "compression_ratio", "letters", text, special_tokens=specials)
    number_is(got, Fraction(4, 3), "the ratio of 4 bytes in 3 tokens")


@few
@given(
    st.sampled_from([("", []), (END, [END]), (END * 3, [END]), ("[x]" + END, [END, "[x]"])]),
    st.sampled_from([[], MERGES, "marked"]),
)
@example(("", []), [])
@example((END, [END]), "marked")
def test_ratio_of_nothing(learner, case, kind):
    """Without bytes outside of the special tokens there is no ratio: ValueError."""
    text, specials = case
    with check.raises("ValueError"):
        ask(learner, "compression_ratio", kind, text, special_tokens=specials)


def test_ratio_of_an_empty_special(learner):
    """An empty special token raises ValueError, as in split_special."""
    for specials in ([""], [END, ""]):
        with check.raises("ValueError"):
            ask(learner, "compression_ratio", [], f"ab{END}", special_tokens=specials)


def test_ratio_without_tokens(learner):
    """A tokenizer that finds no token in the text has no ratio: ValueError."""
    for text in (" ", "\n \t"):
        with check.raises("ValueError"):
            ask(learner, "compression_ratio", ("words", {"a": 1}, 0), text)


# ---------------------------------------------------------------- tokens_per_word


@settings(max_examples=25)
@given(kinds, texts)
@example("letters", "so it is")
@example([], "日本 é")
@example(MERGES, "ab ab\n\nab")
def test_tokens_per_word(learner, kind, text):
    """tokens_per_word is the tokens of the whole text, white space and all, divided by the words of text.split()."""
    text = text + "a"
    got = ask(learner, "tokens_per_word", kind, text)
    number_is(got, Fraction(size_of(kind, text), len(text.split())), "tokens per word")


@few
@given(st.sampled_from(["  a b ", "a\u00a0b", "a\u3000b\x85c", "a  \n\n b", "a\x1fb"]))
@example("  a b ")
def test_words(learner, text):
    """Words are what text.split() finds: runs of white space of every kind divide them, at the ends too."""
    got = ask(learner, "tokens_per_word", "letters", text)
    number_is(got, Fraction(len(text), len(text.split())), f"tokens per word, with the words {text.split()},")


def test_words_encoded_once(learner):
    """The text is encoded as it is, in one piece."""
    for text in ("ab ab\nab", " é  ab "):
        shown = f"tokens_per_word(tok, {text!r})  # tok notes what encode is given"
        given = learner.probe("given", "tokens_per_word", MERGES, text, shown=shown)
        check.equal(given, [text], what="the texts given to encode")


def test_no_words(learner):
    """Without a word there is no such number: ValueError."""
    for text in ("", " ", "\n\t \u3000"):
        with check.raises("ValueError"):
            ask(learner, "tokens_per_word", [], text)


# ---------------------------------------------------------------- fertility_by_script


def script_of(character):
    return unicodedata.name(character).split()[0] if unicodedata.category(character)[0] == "L" else None


def fertilities(kind, text):
    """Every run of one script by itself: its tokens and its letters."""
    tokens, letters = Counter(), Counter()
    for script, run in itertools.groupby(text, script_of):
        word = "".join(run)
        if script:
            tokens[script] += size_of(kind, word)
            letters[script] += len(word)
    return {script: Fraction(tokens[script], letters[script]) for script in letters}


def fertility_holds(got, expected):
    check.that(isinstance(got, dict), f"fertility_by_script gives {check.describe(got)}, expected a dict")
    for script, number in expected.items():
        check.that(script in got, f"the script {script} is missing", f"your scripts: {sorted(map(str, got))}")
        number_is(got[script], number, f"the tokens for each letter of {script}")
    extra = [script for script in got if script not in expected]
    check.that(not extra, f"there is a script {extra and extra[0]!r}, expected {sorted(expected) or 'none'}")


mixed = st.text(st.sampled_from("abéAмир日本あカ한שα12 ,-\u0301\n🙂"), max_size=16)


@settings(max_examples=30)
@given(kinds, mixed)
@example([], "mir, мир; 2 日本!")
@example([], "abмab")
@example(MERGES, "ab1ab ab")
def test_fertility(learner, kind, text):
    """For each script: the tokens of its runs of letters, each encoded for itself, divided by its letters."""
    fertility_holds(ask(learner, "fertility_by_script", kind, text), fertilities(kind, text))


@few
@given(
    st.sampled_from(
        [("ab ab", MERGES), ("a1b", MERGES), ("a-b", MERGES), ("aмb", MERGES), ("abab", MERGES), ("ab\u0301b", MERGES)]
    )
)
@example(("a1b", MERGES))
def test_fertility_runs(learner, case):
    """What is no letter ends a run, and so does a letter of another script; letters side by side are one run."""
    text, kind = case
    fertility_holds(ask(learner, "fertility_by_script", kind, text), fertilities(kind, text))


def test_fertility_names(learner):
    """The script is the first word of the letter's Unicode name, of capitals, ligatures and ideographs too."""
    text = "Å ﬁ ß ж Ω 語 ん ア 각 ע ع ก ა ª µ ʰ 𝔸 ｗ"
    fertility_holds(ask(learner, "fertility_by_script", [], text), fertilities([], text))


def test_fertility_without_letters(learner):
    """Digits, marks, punctuation, spaces and emoji have no script; without letters the dict is empty."""
    for text in ("", "12 3", "!?-_", "🙂\u0301", "²½Ⅷ", "\n "):
        fertility_holds(ask(learner, "fertility_by_script", [], text), {})


def test_fertility_of_runs_given(learner):
    """Each run is given to the tokenizer as it stands."""
    text = "ab, мир ab日本2é"
    shown = f"fertility_by_script(tok, {text!r})  # tok notes what encode is given"
    given = learner.probe("given", "fertility_by_script", [], text, shown=shown)
    check.equal(given, sorted(["ab", "мир", "日本", "é"]), what="the different texts given to encode, sorted,")


# ---------------------------------------------------------------- oov_rate

KNOWN = {"the": 4, "cat": 9, "mat": 2}


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from(["the", "cat", "mat", "dog", "THE"]), min_size=1, max_size=8), st.sampled_from([0, 1, 7])
)
@example(["the", "dog", "the", "dog", "dog"], 0)
def test_oov(learner, words, unk_id):
    """The OOV rate is the share of the tokens that are unk_id, each counted as often as it occurs."""
    text = " ".join(words)
    unknown = sum(word not in KNOWN for word in words)
    got = ask(learner, "oov_rate", ("words", KNOWN, unk_id), text)
    number_is(got, Fraction(unknown, len(words)), f"the share of {unknown} unknown words in {len(words)}")


def test_oov_of_characters(learner):
    """The share is one of tokens, which need not be words: a tokenizer of characters has as many as there are."""
    known = {"a": 3, "b": 8, " ": 5}
    for text, unknown in (("ab é ab", 1), ("日本 ab", 2), ("\n a\n", 2)):
        got = ask(learner, "oov_rate", ("characters", known, 0), text)
        number_is(got, Fraction(unknown, len(text)), f"the share of {unknown} unknown tokens in {len(text)}")


@few
@given(kinds, texts)
@example([], "日本")
def test_oov_of_bytes(learner, kind, text):
    """A tokenizer without an unk_id knows everything: 0."""
    shown = f"oov_rate(tok, {text!r})  # tok: {words_for(kind)}, no unk_id"
    number_is(learner.probe("ask_plain", kind, text, shown=shown), 0, "the OOV rate")


def test_oov_none(learner):
    """An unk_id of None is none."""
    for text in ("dog", "the dog"):
        number_is(ask(learner, "oov_rate", ("words", KNOWN, None), text), 0, "the OOV rate")


def test_oov_of_nothing(learner):
    """Without tokens there is no share: ValueError, with an unk_id, with None, and without one."""
    for kind, text in ((("words", KNOWN, 0), " "), (("words", KNOWN, None), ""), (("words", KNOWN, 3), "")):
        with check.raises("ValueError"):
            ask(learner, "oov_rate", kind, text)
    with check.raises("ValueError"):
        learner.probe("ask_plain", [], "", shown="oov_rate(tok, '')  # tok: one token for each byte, no unk_id")


# ---------------------------------------------------------------- bits_per_byte

losses = st.integers(0, 1200).map(lambda k: k / 100)
counts = st.integers(1, 10**7)


@settings(max_examples=30)
@given(losses, counts, counts)
@example(1.0, 1, 1)
@example(2.0, 3, 12)
@example(0.0, 5, 7)
def test_bits_per_byte(learner, loss, n_tokens, n_bytes):
    """Bits per byte are the loss of all tokens together in bits (nats / ln 2), divided by the bytes."""
    expected = loss * n_tokens / n_bytes / math.log(2)
    number_is(learner.bits_per_byte(loss, n_tokens, n_bytes), expected, "bits per byte")


@few
@given(st.integers(1, 9), st.integers(10, 40), st.integers(10, 40), st.integers(41, 99))
@example(2, 10, 20, 50)
def test_bits_whatever_the_tokenizer(learner, nats, few_tokens, many_tokens, n_bytes):
    """The same total loss of the same text gives the same bits per byte, whatever the number of tokens."""
    total = nats * few_tokens * many_tokens
    got = [learner.bits_per_byte(total / n, n, n_bytes) for n in (few_tokens, many_tokens)]
    for bits in got:
        number_is(bits, total / n_bytes / math.log(2), f"bits per byte, {total} nats in all,")


@few
@given(st.integers(1, 16), st.integers(1, 4))
@example(8, 1)
def test_bits_of_guessing(learner, bits, n_bytes):
    """Guessing evenly among 2^b tokens, each of k bytes, costs b / k bits per byte."""
    got = learner.bits_per_byte(bits * math.log(2), 100, 100 * n_bytes)
    number_is(got, Fraction(bits, n_bytes), "bits per byte")


def test_bits_infinite(learner):
    """An infinite loss is infinitely many bits per byte; a loss of 0 is none."""
    got = learner.bits_per_byte(math.inf, 10, 40)
    check.that(got == math.inf, f"bits per byte of an infinite loss is {check.shorten(got)}, expected inf")
    number_is(learner.bits_per_byte(0.0, 10, 40), 0, "bits per byte of a loss of 0")


@few
@given(
    st.sampled_from(
        [
            (1.0, 0, 4),
            (1.0, 4, 0),
            (1.0, -1, 4),
            (1.0, 4, -2),
            (-0.1, 4, 4),
            (math.nan, 4, 4),
            (0.0, 0, 0),
            (-math.inf, 1, 1),
        ]
    )
)
@example((1.0, 4, 0))
@example((math.nan, 4, 4))
def test_bits_errors(learner, case):
    """No tokens, no bytes, a negative loss and NaN raise ValueError."""
    with check.raises("ValueError"):
        learner.bits_per_byte(*case)


# ---------------------------------------------------------------- embedding_params and flops_per_byte


@settings(max_examples=20)
@given(st.integers(1, 2**17), st.integers(1, 2**13), st.booleans())
@example(1000, 64, True)
@example(1000, 64, False)
@example(1, 1, False)
def test_embedding_params(learner, V, d, tied):
    """V rows of d numbers, once when tied and twice when not: an int."""
    check.equal(learner.embedding_params(V, d, tied), V * d if tied else V * d + V * d, what="embedding_params")


def test_embedding_params_exact(learner):
    """The number is exact, however large."""
    V, d = 3**30, 3**10 + 2
    for tied in (True, False):
        check.equal(learner.embedding_params(V, d, tied), V * d * (2 - tied), what="embedding_params")


@few
@given(st.sampled_from([(0, 4), (4, 0), (-1, 4), (4, -1), (0, 0), (-2, -3)]), st.booleans())
@example((0, 4), True)
@example((4, 0), False)
def test_embedding_params_errors(learner, case, tied):
    """V or d below 1 raises ValueError."""
    with check.raises("ValueError"):
        learner.embedding_params(*case, tied)


ratio_numbers = st.integers(1, 80).map(lambda k: k / 8)


@settings(max_examples=25)
@given(st.integers(1, 2**17), st.integers(1, 2048), st.integers(0, 10**9), ratio_numbers)
@example(1000, 64, 36_000, 4.0)
@example(7, 3, 0, 0.5)
def test_flops_per_byte(learner, V, d, body_params, ratio):
    """2 operations for each parameter of the body and of the output, for each of 1 / ratio tokens."""
    expected = Fraction(2 * (body_params + V * d)) / Fraction(ratio)
    number_is(learner.flops_per_byte(V, d, body_params, ratio), expected, "the operations for each byte")


@settings(max_examples=12)
@given(
    st.sampled_from(
        [
            (0, 4, 5, 2.0),
            (4, 0, 5, 2.0),
            (4, 4, -1, 2.0),
            (4, 4, 5, 0.0),
            (4, 4, 5, -1.0),
            (4, 4, 5, math.nan),
            (-1, 4, 5, 2.0),
            (4, -4, 5, 2.0),
            (-4, -4, 50, 2.0),
        ]
    )
)
@example((4, 4, 5, 0.0))
@example((4, 4, 5, math.nan))
@example((4, 4, -1, 2.0))
def test_flops_errors(learner, case):
    """V or d below 1, body_params below 0, and a ratio that is not greater than 0 raise ValueError."""
    with check.raises("ValueError"):
        learner.flops_per_byte(*case)


# ---------------------------------------------------------------- choose_vocab


def fits(V, d, tied, limit, id_bits):
    small = limit is None or (V * d if tied else 2 * V * d) <= limit
    return 2**id_bits > V - 1 and small


def chosen(candidates, d, body_params, tied=True, max_embedding_params=None, id_bits=16):
    """Every candidate against every other, with fractions."""
    left = [V for V in candidates if fits(V, d, tied, max_embedding_params, id_bits)]

    def cost(V):
        return Fraction(body_params + V * d) / Fraction(candidates[V])

    best = [V for V in left if all((cost(V), V) <= (cost(other), other) for other in left)]
    return best[0] if best else None


def apart(candidates, d, body_params):
    """No two costs are so close that rounding could change their order, unless they are exactly equal."""
    costs = sorted(Fraction(body_params + V * d) / Fraction(ratio) for V, ratio in candidates.items())
    return all(a == b or b - a > a * Fraction(1, 10**9) for a, b in itertools.pairwise(costs))


@st.composite
def choices(draw):
    """(candidates, d, body_params): larger vocabularies compress better, each doubling by less."""
    sizes = draw(st.lists(st.integers(8, 17), min_size=1, max_size=6, unique=True))
    gains = {size: draw(st.integers(0, 7)) for size in sizes}
    candidates = {2**size: 1 + (size - 8) / 2 + gains[size] / 8 for size in sizes}
    return candidates, 2 ** draw(st.integers(4, 10)), draw(st.sampled_from([0, 10**5, 10**6, 10**7, 10**8, 10**9]))


def choose(learner, candidates, d, body_params, **kw):
    got = learner.choose_vocab(candidates, d, body_params, **kw)
    check.that(type(got) is int, f"choose_vocab gives {check.describe(got)}, expected a vocabulary size")
    want = chosen(candidates, d, body_params, **kw)
    if got != want:
        why = []
        for V in (got, want):
            if V in candidates:
                left = fits(V, d, kw.get("tied", True), kw.get("max_embedding_params"), kw.get("id_bits", 16))
                cost = float(Fraction(2 * (body_params + V * d)) / Fraction(candidates[V]))
                why.append(f"{V}: {check.number(cost)} operations for each byte{'' if left else ', breaks a limit'}")
        check.fail(f"the choice is {got}, expected {want}", *why)


@settings(max_examples=40)
@given(choices(), st.booleans())
@example(({256: 1.0, 4096: 3.5, 32768: 3.0}, 512, 100_000), True)
@example(({256: 1.0, 4096: 3.0, 32768: 4.0}, 512, 20_000_000), True)
@example(({256: 1.0, 4096: 3.0, 32768: 4.0}, 512, 400_000_000), True)
@example(({256: 1.0, 4096: 3.0, 32768: 4.0}, 512, 60_000_000), False)
def test_choose(learner, case, tied):
    """The choice is the vocabulary with the fewest operations for each byte, tied or not."""
    candidates, d, body_params = case
    candidates = {V: ratio for V, ratio in candidates.items() if V <= 65_536} or {256: 1.0}
    if apart(candidates, d, body_params):
        choose(learner, candidates, d, body_params, tied=tied)


@few
@given(st.permutations([256, 1024, 8192]))
@example([8192, 1024, 256])
def test_choose_ties(learner, order):
    """Of two that cost the same the smaller is chosen, in whatever order they are listed."""
    body = 1792 * 64  # (body + V·64) is proportional to the ratio: all cost the same
    candidates = {V: (body + V * 64) / 2**16 for V in order}
    choose(learner, candidates, 64, body)
    choose(learner, dict(list(candidates.items())[:2]), 64, body)


@few
@given(st.integers(2, 12), st.booleans())
@example(4, True)
def test_choose_bits(learner, id_bits, tied):
    """A vocabulary of 2^b tokens fits ids of b bits, and one more token does not: 65,536 fits 16 bits, 65,537 not."""
    best = 2**id_bits
    candidates = {best: 3.0, best + 1: 6.0, best - 1: 1.5, 2: 0.125}
    choose(learner, candidates, 8, 10**6, tied=tied, id_bits=id_bits)
    candidates = {65_536: 3.0, 65_537: 6.0, 300: 1.0}
    choose(learner, candidates, 8, 10**7, tied=tied)


@settings(max_examples=25)
@given(choices(), st.booleans(), st.integers(-1, 1), st.integers(0, 5))
@example(({256: 1.0, 4096: 3.0, 32768: 4.0}, 512, 400_000_000), True, 0, 1)
@example(({256: 1.0, 4096: 3.0, 32768: 4.0}, 512, 400_000_000), False, 0, 1)
@example(({256: 1.0, 4096: 3.0, 32768: 4.0}, 512, 400_000_000), False, -1, 2)
def test_choose_limit(learner, case, tied, more, which):
    """Vocabularies with more embedding parameters than the limit are out, both matrices counted when not tied."""
    candidates, d, body_params = case
    V = sorted(candidates)[which % len(candidates)]
    limit = (V * d if tied else 2 * V * d) + more
    kw = {"tied": tied, "max_embedding_params": limit, "id_bits": 17}
    if chosen(candidates, d, body_params, **kw) is None:
        with check.raises("ValueError"):
            learner.choose_vocab(candidates, d, body_params, **kw)
    elif apart(candidates, d, body_params):
        choose(learner, candidates, d, body_params, **kw)


@few
@given(
    st.sampled_from(
        [
            ({}, {}),
            ({300: 2.0}, {"max_embedding_params": 299}),
            ({70_000: 4.0}, {}),
            ({17: 2.0}, {"id_bits": 4}),
            ({300: 2.0}, {"max_embedding_params": 0}),
        ]
    )
)
@example(({}, {}))
@example(({300: 2.0}, {"max_embedding_params": 0}))
def test_choose_nothing(learner, case):
    """When no candidate is left, or there was none, there is nothing to return: ValueError."""
    candidates, kw = case
    with check.raises("ValueError"):
        learner.choose_vocab(candidates, 1, 100, **kw)


@few
@given(
    st.sampled_from(
        [
            ({256: 1.0, 512: 0.0}, 8, 100, {}),
            ({256: 1.0, 512: -2.0}, 8, 100, {}),
            ({256: 1.0, 512: math.nan}, 8, 100, {}),
            ({256: 1.0, 0: 2.0}, 8, 100, {}),
            ({256: 1.0}, 0, 100, {}),
            ({256: 1.0}, 8, -1, {}),
            ({256: 1.0, 70_000: 0.0}, 8, 100, {}),
            ({256: 1.0, 512: -1.0}, 8, 100, {"max_embedding_params": 256 * 8}),
        ]
    )
)
@example(({256: 1.0, 70_000: 0.0}, 8, 100, {}))
@example(({256: 1.0, 512: -1.0}, 8, 100, {"max_embedding_params": 256 * 8}))
def test_choose_errors(learner, case):
    """A candidate, a d or a body that makes no sense raises ValueError, also where that candidate is out anyway."""
    candidates, d, body_params, kw = case
    with check.raises("ValueError"):
        learner.choose_vocab(candidates, d, body_params, **kw)


def test_choose_defaults(learner):
    """Without options the ends are tied, parameters have no limit, and ids have 16 bits."""
    candidates, d = {256: 1.0, 1024: 2.5, 65_536: 4.0, 65_537: 9.0}, 8
    choose(learner, candidates, d, 10**9)
    choose(learner, candidates, d, 10**9, max_embedding_params=1024 * d)


def test_choose_leaves_the_dict(learner):
    """The candidates are left as they are, and a second call gives the same."""
    candidates = {70_000: 5.0, 256: 1.0, 4096: 3.0}
    shown = f"choose_vocab({candidates}, 64, 1000000)"
    seen = learner.probe("purity", "choose_vocab", (candidates, 64, 10**6), shown=shown)
    check.that(not seen["changed"], "the dict of candidates was changed")
    for which in ("first", "second"):
        check.equal(seen[which], chosen(candidates, 64, 10**6), what=f"the {which} choice")
