"""The hidden grader of 1.4. Its oracle forgets everything after each merge and counts all pairs of all words again."""

import itertools
import random
import unicodedata
from collections import Counter

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check

few = settings(max_examples=10)
END = "<|endoftext|>"

# ---------------------------------------------------------------- the oracle: text to words


def cut(text, specials):
    """The parts between special tokens: at every character, is it the beginning of one? If so, of which longest?"""
    parts, i = [""], 0
    while i < len(text):
        here = [token for token in specials if text.startswith(token, i)]
        if here:
            parts.append("")
            i += max(map(len, here))
        else:
            parts[-1] += text[i]
            i += 1
    return [part for part in parts if part]


def kind(character):
    if character.isspace() and character not in "\x1c\x1d\x1e\x1f":
        return " "
    return {"L": "L", "N": "N"}.get(unicodedata.category(character)[0], "?")


def words_of(text):
    """GPT-2's split, one word at a time: a contraction, a run of one kind with a space before it, or white space."""
    words = []
    while text:
        runs = [(k, len(list(group))) for k, group in itertools.groupby(text, kind)]
        contraction = next((c for c in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d") if text.startswith(c)), "")
        if contraction:
            length = len(contraction)
        elif runs[0][0] != " ":
            length = runs[0][1]
        elif runs[0][1] == 1 and text[0] == " " and len(runs) > 1:
            length = 1 + runs[1][1]
        else:  # white space keeps its last character for the word that follows, if it has another
            length = runs[0][1] - (len(runs) > 1 and runs[0][1] > 1)
        words.append(text[:length])
        text = text[length:]
    return words


def counted(text, specials=()):
    """Every word of a text as UTF-8, with its count."""
    return Counter(word.encode() for part in cut(text, specials) for word in words_of(part))


# ---------------------------------------------------------------- the oracle: words to merges


def pair_counts(words):
    """Every pair of neighbours in [(tokens, how often), …], from scratch."""
    counts = Counter()
    for tokens, often in words:
        for pair in itertools.pairwise(tokens):
            counts[pair] += often
    return counts


def joined(tokens, pair):
    """The tokens with each occurrence of a pair made one, from left to right."""
    after = []
    for token in tokens:
        # What a merge has made is complete: it is longer than the left token of the pair, so it is not that token.
        if after and (after[-1], token) == pair:
            after[-1] = pair[0] + pair[1]
        else:
            after.append(token)
    return after


def learned(counts, room):
    """The merges of a bag of words; before each of them, the count of every pair. Tokens are bytes, not ids."""
    words = [([bytes([byte]) for byte in word], often) for word, often in counts.items()]
    merges, seen = [], []
    while len(merges) < room and (found := pair_counts(words)):
        most = max(found.values())
        merges.append(max(pair for pair, count in found.items() if count == most))
        seen.append(found)
        words = [(joined(tokens, merges[-1]), often) for tokens, often in words]
    return merges, seen


def learned_at_scale(counts, room):
    """The same for a large text: all words in one array, −1 between them; every pair is counted anew with NumPy."""
    tokens = np.concatenate([[-1, *word] for word in counts])
    often = np.concatenate([np.full(len(word) + 1, n) for word, n in counts.items()])
    names = [bytes([i]) for i in range(256)]
    merges = []
    for _ in range(room):
        inside = (tokens[:-1] >= 0) & (tokens[1:] >= 0)
        keys, places = np.unique((tokens[:-1] * 4096 + tokens[1:])[inside], return_inverse=True)
        totals = np.bincount(places, weights=often[:-1][inside])
        ties = keys[totals == totals.max()].tolist()
        a, b = max((divmod(key, 4096) for key in ties), key=lambda pair: (names[pair[0]], names[pair[1]]))
        hit = np.append((tokens[:-1] == a) & (tokens[1:] == b), False)
        if a == b:  # in a run, every second one
            for i in np.flatnonzero(hit).tolist():
                hit[i] = hit[i] and not hit[i - 1]
        tokens[hit] = len(names)
        keep = ~np.append(False, hit[:-1])
        tokens, often = tokens[keep], often[keep]
        merges.append((names[a], names[b]))
        names.append(names[a] + names[b])
    return merges


# ---------------------------------------------------------------- claims


def call(name, text, *args):
    """A call on a file, as the learner would type it."""
    data = repr(text) if isinstance(text, bytes) else f"{text!r}.encode()"
    if len(data) > 300:
        data = f"{data[:260]}…  # {len(text):,} characters in all"
    return f'open("corpus.txt", "wb").write({data}); {name}("corpus.txt", {", ".join(args)})'


def count(learner, text, specials=()):
    """The learner's count_words of a text (or of raw bytes)."""
    data, specials = text if isinstance(text, bytes) else text.encode(), list(specials)
    return learner.probe("count", data, specials, shown=call("count_words", text, repr(specials)))


def counts_hold(got, expected):
    check.that(isinstance(got, dict), f"count_words gives {check.describe(got)}, expected a dict")
    for word in got:
        check.that(isinstance(word, bytes), f"count_words has the key {check.shorten(word)}, expected bytes")
    for word, often in expected.items():
        check.that(word in got, f"the word {word!r} is missing", f"it occurs {times(often)}")
        check.equal(got[word], often, what=f"the count of {word!r}")
    for word, often in got.items():
        check.that(word in expected, f"{word!r} is counted {times(often)}, but is no word of this text")


def train(learner, text, size, specials=(), **kw):
    """The learner's (vocab, merges) of a text (or of raw bytes)."""
    data, specials = text if isinstance(text, bytes) else text.encode(), list(specials)
    options = [f"{name}={value!r}" for name, value in kw.items()]
    shown = call("train_bpe", text, str(size), repr(specials), *options)
    return parts(learner.probe("train", data, size, specials, shown=shown, **kw))


def parts(result):
    vocab, merges = check.items(result, 2, what="train_bpe")
    check.that(isinstance(vocab, dict), f"vocab is {check.describe(vocab)}, expected a dict")
    check.that(isinstance(merges, list), f"merges is {check.describe(merges)}, expected a list")
    for k, pair in enumerate(merges):
        fine = isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(token, bytes) for token in pair)
        check.that(fine, f"merges[{k}] is {check.shorten(pair)}, expected a tuple of two bytes")
    return vocab, merges


def merges_hold(merges, counts, room):
    """The merges are those of the definition; if not, say how often the two pairs really occur at that point."""
    expected, seen = learned(counts, room)
    for k, (got, want) in enumerate(zip(merges, expected, strict=False)):
        if got != want:
            wanted, had = seen[k][want], seen[k][got]
            then = f"after merges[:{k}]" if k else "before any merge"
            equal = "; of equals the greatest tuple comes next" if had == wanted else ""
            check.fail(
                f"merges[{k}] is {got!r}, expected {want!r}",
                f"{then}, {want!r} occurs {times(wanted)} and {got!r} {times(had)}{equal}",
            )
    if len(merges) < len(expected):
        k = len(merges)
        check.fail(
            f"{k} merges, expected {len(expected)}",
            f"next: {expected[k]!r}, which occurs {times(seen[k][expected[k]])}",
        )
    if len(merges) > len(expected):
        extra = f"one too many: {merges[len(expected)]!r}"
        why = "there is room for no more"
        if len(expected) < room:
            why, extra = "then no pair is left", f"{extra}, which occurs nowhere any more"
        check.fail(f"{len(merges)} merges, expected {len(expected)}: {why}", extra)


def vocab_holds(vocab, merges, specials):
    """Bytes, merges, special tokens: ids 0, 1, 2, … in this order."""
    entries = [bytes([i]) for i in range(256)] + [a + b for a, b in merges] + [token.encode() for token in specials]
    for i, entry in enumerate(entries):
        check.that(i in vocab, f"vocab has no id {i}, expected {entry!r} there", f"{len(vocab)} entries")
        check.equal(vocab[i], entry, what=f"vocab[{i}]")
    extra = [i for i in vocab if i not in range(len(entries))]
    check.that(not extra, f"vocab has the id {check.shorten(extra[:1])[1:-1]}, expected 0 to {len(entries) - 1}")


def times(number):
    return "once" if number == 1 else f"{number:,} times"


# ---------------------------------------------------------------- the inputs

# A few characters each, so that pairs repeat and tie: scripts, marks, joiners, digits, every kind of white space.
ALPHABETS = [
    "ab ", "aab", "abc \n", "zyx  ", "aé ", "été's", "日本 本", "שa ", "e\u0301 e", "🙂\u200d👍🏽", "a1² ", "'s'll re",
    "xy\r\n\t", "a\x1c\x1f\x85 ", "b\u00a0\u2028\u3000", "\x00\x7f a", "AaBb_!", "ａ\U00020000\U0010ffff", "Ġ ġ",
]  # fmt: skip
texts = st.one_of([st.text(alphabet, max_size=24) for alphabet in ALPHABETS])
# Lowercase words that share their letters: many ties, many words that change again and again.
vocabularies = st.lists(st.text("abc", min_size=1, max_size=7), min_size=1, max_size=9).map(" ".join)
rooms = st.one_of(st.integers(0, 12), st.just(60))


def mixed(specials, more, most=9):
    """Texts in which special tokens, pieces of them and other things stand side by side."""
    return st.lists(st.sampled_from([*specials, *more]), max_size=most).map("".join)


# Tokens that begin alike, overlap, contain one another, or consist of what a regular expression takes for orders.
SPECIALS = [
    (["<|end|>"], ["<|", "|>", "end", "a", " ", "\n"]),
    (["ab", "abc", "abcd"], ["a", "b", "c", "d", "x"]),
    (["aa", "aaa"], ["a", "b"]),
    (["xab", "abcde"], ["x", "cde", "ab", "y"]),
    (["[a-c]*", "a|b", "(", "."], ["a", "b", "|", "x", " "]),
    (["$", "^", "\\", "\\d"], ["a", "1", " ", "d"]),
    (["é🙂", "🙂"], ["é", "e", " "]),
    (["\n\n", " "], ["\n", "a", "b"]),
    ([], ["a", "<|end|>"]),
]
cut_cases = st.one_of([st.tuples(mixed(*case), st.permutations(case[0])) for case in SPECIALS])


# ---------------------------------------------------------------- split_special


@settings(max_examples=30)
@given(cut_cases)
@example(("one<|end|>two", ["<|end|>"]))
@example(("", ["<|end|>"]))
def test_split(learner, case):
    """The parts are what lies between the special tokens, in order; empty parts and the special tokens are left out."""
    text, specials = case
    check.equal(learner.split_special(text, list(specials)), cut(text, specials), what="the list of parts")


def test_split_longest(learner):
    """Where several special tokens begin at the same place, the longest is meant, however they are listed."""
    tokens = ["<|a|>", "<|a|><|b|>", "<|a|><|b|>!"]
    orders = list(itertools.permutations(tokens))
    # Every call first, so that a diagnosis sees what each order of the list does.
    got = [learner.split_special("1<|a|><|b|>2<|a|>3<|b|>4<|a|><|b|>!5", list(order)) for order in orders]
    for one, order in zip(got, orders, strict=True):
        check.equal(one, ["1", "2", "3<|b|>4", "5"], what=f"the list of parts, with the special tokens {list(order)},")


def test_split_leftmost(learner):
    """The text is read from left to right: the token that begins first is cut out, even if a later one is longer."""
    check.equal(learner.split_special("xabcde", ["abcde", "xab"]), ["cde"], what="the list of parts")
    check.equal(learner.split_special("aaaaa", ["aa"]), ["a"], what="the list of parts")


def test_split_is_literal(learner):
    """Special tokens are plain text, whatever their characters mean in a regular expression."""
    text = "a.b|c[d]e*f(g"
    for token in (".", "|", "[d]", "e*", "(", "c[d]e*f"):
        check.equal(learner.split_special(text, [token]), text.split(token), what="the list of parts")
    text = "<|end|> <end>< |end| ><|END|>"
    check.equal(learner.split_special(text, ["<|end|>"]), [text[7:]], what="the list of parts")


@few
@given(texts)
def test_split_without_tokens(learner, text):
    """Without special tokens the whole text is one part; the empty text has none. No character is changed."""
    check.equal(learner.split_special(text, []), [text] if text else [], what="the list of parts")


def test_empty_special(learner):
    """An empty special token raises ValueError."""
    for text in ("one<|end|>two", "ab", ""):
        for specials in ([""], ["<|end|>", ""], ["", "a"]):
            with check.raises("ValueError"):
                learner.split_special(text, specials)


@few
@given(cut_cases)
def test_split_leaves_the_list(learner, case):
    """split_special leaves the list of special tokens as it is."""
    text, specials = case
    specials = sorted(specials, key=len)
    seen = learner.probe("purity", "split_special", (text, list(specials)))
    check.that(not seen["changed"], f"the list of special tokens {specials} was changed")
    check.equal(seen["second"], cut(text, specials), what="a second call")


# ---------------------------------------------------------------- count_words


@given(texts)
@example("")
@example("the cat the dog the the")
def test_count(learner, text):
    """Every word is counted as often as it occurs, as UTF-8 bytes."""
    counts_hold(count(learner, text), counted(text))


@few
@given(st.text("\r\na ", max_size=12))
@example("one\r\ntwo\r\n\r\nthree")
@example("a\rb\r")
@example("a\x85b\u2028c\x0bd\x0ce")
def test_count_keeps_newlines(learner, text):
    """Line ends are text like everything else: a carriage return is still there, before a newline and alone."""
    counts_hold(count(learner, text), counted(text))


def test_count_keeps_the_byte_order_mark(learner):
    """A byte order mark at the beginning of the file is a character of the text."""
    text = "\ufeffone two"
    counts_hold(count(learner, text), counted(text))


def test_count_is_utf8_everywhere(learner):
    """The file is read as UTF-8, whatever encoding the computer prefers."""
    text = "été 日本"
    shown = f'import locale; locale.setlocale(locale.LC_CTYPE, "C"); {call("count_words", text, "[]")}'
    counts_hold(learner.probe("count_elsewhere", text.encode(), [], shown=shown), counted(text))


def test_count_goes_to_the_end(learner):
    """The whole file is read, past NUL and the old end-of-file mark \\x1a; a word runs on over any line length."""
    text = "a\x00b\x1ac " + "xy" * 3000 + " z" + "\n" * 3 + " end"
    counts_hold(count(learner, text), counted(text))


@few
@given(st.sampled_from([b"\xff", b"abc\xe9", b"\xc3", b"a\x80b", b"\xed\xa0\x80", b"\xc0\xaf", b"ok \xf4\x90\x80\x80"]))
def test_count_invalid(learner, data):
    """Bytes that are not UTF-8 raise UnicodeDecodeError."""
    with check.raises("UnicodeDecodeError"):
        count(learner, data)
    with check.raises("UnicodeDecodeError"):
        train(learner, data, 260)


@given(cut_cases)
@example(("low<|end|>low <|end|> low", ["<|end|>"]))
def test_count_cuts(learner, case):
    """The text between special tokens is counted, and the special tokens are not."""
    text, specials = case
    counts_hold(count(learner, text, specials), counted(text, specials))


def test_count_splits_each_part(learner):
    """Each part is split into words for itself: a special token ends a word, and nothing stands in its place."""
    for text in ("ab<|x|>cd", "one  <|x|>two", "1<|x|>2", "a<|x|> b<|x|>\n<|x|>c", "don<|x|>'t", "a'<|x|>s"):
        counts_hold(count(learner, text, ["<|x|>"]), counted(text, ["<|x|>"]))


def test_count_empty_special(learner):
    """An empty special token raises ValueError in count_words and in train_bpe too."""
    for text in ("low low", ""):
        with check.raises("ValueError"):
            count(learner, text, [""])
        with check.raises("ValueError"):
            train(learner, text, 300, [END, ""])


# ---------------------------------------------------------------- train_bpe: the merges


def test_train_by_hand(learner):
    """The lesson's corpus gives the merges worked out by hand."""
    words = {"cat": 4, "cab": 3, "tab": 4}
    text = "\n".join(word for word, often in words.items() for _ in range(often))
    for room in (1, 2, 3, 4):
        merges_hold(train(learner, text, 256 + room)[1], counted(text), room)


@settings(max_examples=30)
@given(vocabularies, rooms)
def test_train_with_ties(learner, text, room):
    """Each merge is the most frequent pair, counted over the whole text as it stands after the merges before it."""
    merges_hold(train(learner, text, 256 + room)[1], counted(text), room)


@settings(max_examples=20)
@given(texts, rooms)
def test_train_on_any_text(learner, text, room):
    """The same holds for text in any script: tokens are made of bytes, and a merge may lie inside a character."""
    merges_hold(train(learner, text, 256 + room)[1], counted(text), room)


# Each pair of the text occurs as often as the others, so the order is the tie rule's alone. For each wrong
# order there is a text that tells it from the right one.
TIES = [
    "ab\ncd",  # first seen
    "cd\nab",
    "ab\nb\nab\na",
    "a\nzA\nAz",
    "abx\nab\ncx",
    "éa\nüa",
    "日\n本\nz",
    "ab\nAc\n!d",
    " a\nba",
    "aZ\na\x7f\naé",
]


@few
@given(st.sampled_from(TIES))
@example(TIES[0])
def test_train_tie(learner, text):
    """Of pairs of equal count the next merge is the greatest tuple (bytes, bytes)."""
    merges_hold(train(learner, text, 300)[1], counted(text), 44)


def test_train_tie_of_tuples(learner):
    """Tuples are compared token by token: the left tokens first, and only if these are equal the right ones."""
    # (a, bcz)-like pairs: joined they compare otherwise than as tuples, and so do their lengths.
    for words, room in (
        ({"ab": 9, "abd": 4, "ae": 4}, 4),
        ({"ba": 9, "bac": 4, "bz": 4}, 4),
        ({"xyz": 5, "xyxy": 3, "xa": 8}, 8),
        ({"aab": 3, "ab": 3, "ba": 6}, 6),
        ({"abab": 3, "abc": 3, "aba": 3}, 8),
    ):
        text = "\n".join(word for word, often in words.items() for _ in range(often))
        merges_hold(train(learner, text, 256 + room)[1], counted(text), room)


def test_train_tie_of_bytes(learner):
    """Tokens are compared as bytes, also where those bytes are half a character or would print as something else."""
    for text in (
        "\x80a\n\xffa\nÿb\nÀb",
        "日a\n曰a\n旦a",
        "🙂🙃\n🙃🙂",
        " a\nza\n~a\n\x00a",
        "é è\nê ë",
        "\u07ff\u0800\n\uffff\U00010000",
    ):
        merges_hold(train(learner, text, 290)[1], counted(text), 34)


@few
@given(st.lists(st.integers(1, 12), min_size=2, max_size=4, unique=True), st.integers(2, 4))
@example([5, 3, 1], 3)
def test_train_weighs_words(learner, often, length):
    """A pair counts once for each time its word occurs in the text, not once for each different word."""
    words = ["".join(chr(97 + 4 * k + i) for i in range(length)) for k in range(len(often))]
    text = "\n".join(word for word, n in zip(words, often, strict=True) for _ in range(n))
    merges_hold(train(learner, text, 256 + 9)[1], counted(text), 9)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9)), min_size=1, max_size=4), st.integers(0, 5))
@example([("a", 5)], 3)
@example([("a", 3), ("b", 2)], 2)
def test_train_runs(learner, runs, room):
    """In a run such as "aaaaa" every two neighbours are a pair, and a merge replaces them from the left, none twice."""
    text = "".join(letter * length for letter, length in runs)
    merges_hold(train(learner, text, 256 + room)[1], counted(text), room)


@few
@given(vocabularies)
@example("abcabc abcabc")
def test_train_until_no_pair_is_left(learner, text):
    """Training stops when no pair is left, with a smaller vocabulary; pairs that occur once are merged before that."""
    vocab, merges = train(learner, text, 1000, [END])
    merges_hold(merges, counted(text, [END]), 1000 - 257)
    vocab_holds(vocab, merges, [END])


def test_train_without_pairs(learner):
    """An empty file, or one in which every word is a single byte, gives no merges; the vocabulary is complete."""
    for text in ("", "a", "a\nb\nc", END, END * 2):
        vocab, merges = train(learner, text, 300, [END])
        check.that(not merges, f"{len(merges)} merges of a text without pairs", f"the first: {merges[:1]}")
        vocab_holds(vocab, [], [END])


def test_train_a_larger_text(learner):
    """On 3,000 words, a vocabulary of 356: the merges are those of counting all pairs again after each."""
    text = book()
    _, merges = train(learner, text, 356)
    expected = learned_at_scale(Counter(word.encode() for word in split_plain(text)), 356 - 256)
    for k, (got, want) in enumerate(zip(merges, expected, strict=False)):
        check.that(got == want, f"merges[{k}] is {got!r}, expected {want!r}", "all merges before it are right")
    check.that(len(merges) == len(expected), f"{len(merges)} merges, expected {len(expected)}")


def book(words=3_000):
    """A text in which few words are frequent and many are rare, as in any language, with line ends between."""
    rng = random.Random(20_26)
    syllables = [a + b for a in "bdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "er", "in", "est", "é")]
    known = ["".join(rng.choice(syllables) for _ in range(1 + i % 3)) for i in range(2_500)]
    return "".join(rng.choice((" ", " ", " ", "\n")) + known[int(len(known) ** rng.random())] for _ in range(words))


def split_plain(text):
    """The words of such a text: letters, single spaces and single line ends, for which GPT-2's rule is simple."""
    return [word for word in text.replace("\n", "\0\n\0").replace(" ", "\0 ").split("\0") if word]


# ---------------------------------------------------------------- train_bpe: special tokens and the vocabulary


@few
@given(cut_cases, st.integers(0, 40))
@example(("low<|end|>low<|end|>low", ["<|end|>"]), 20)
def test_train_never_looks_into_specials(learner, case, room):
    """Special tokens are not trained on, and no pair reaches across one."""
    text, specials = case
    merges_hold(train(learner, text, 256 + len(specials) + room, specials)[1], counted(text, specials), room)


def test_train_never_crosses_words(learner):
    """No merge joins two words, however frequent the words side by side: each new token lies inside one word."""
    text = "of the 12 of the 12 of the 12!? of the\n\n" * 3
    _, merges = train(learner, text, 300)
    words = set(words_of(text))
    for a, b in merges:
        inside = any(a + b in word.encode() for word in words)
        check.that(inside, f"the merge {(a, b)!r} lies in no word", f"the words are {sorted(words)}")
    merges_hold(merges, counted(text), 44)


@few
@given(vocabularies, st.integers(0, 9), st.permutations(["<|b|>", "<|a|>", "fin é", "🙂"]), st.integers(0, 4))
@example("abcabc", 2, ["<|b|>", "<|a|>", "fin é", "🙂"], 3)
def test_vocab(learner, text, room, specials, many):
    """vocab has the bytes as 0 to 255, then every merge in its order, then the special tokens in the order given."""
    specials = specials[:many]
    vocab, merges = train(learner, text, 256 + room + many, specials)
    vocab_holds(vocab, merges, specials)
    merges_hold(merges, counted(text, specials), room)


def test_no_room(learner):
    """A vocab_size with no room for the 256 bytes and the special tokens raises ValueError."""
    for size, many in ((255, 0), (100, 0), (0, 0), (256, 1), (256, 3), (258, 3), (2, 2)):
        for text in ("abcabc", ""):
            with check.raises("ValueError"):
                train(learner, text, size, ["<|a|>", "<|b|>", "<|c|>"][:many])


@few
@given(vocabularies, st.integers(0, 3))
@example("abcabc", 2)
def test_just_room(learner, text, many):
    """A vocab_size with just enough room for bytes and special tokens gives no merges."""
    specials = ["<|a|>", "<|b|>", "<|c|>"][:many]
    vocab, merges = train(learner, text, 256 + many, specials)
    check.that(not merges, f"{len(merges)} merges, expected none: there is no room")
    vocab_holds(vocab, [], specials)


@few
@given(vocabularies, st.integers(0, 3))
@example("abcabc", 1)
def test_specials_twice(learner, text, room):
    """A special token that is listed twice counts once, at its first place."""
    vocab, merges = train(learner, text, 256 + 2 + room, ["<|b|>", "<|a|>", "<|b|>"])
    merges_hold(merges, counted(text), room)
    vocab_holds(vocab, merges, ["<|b|>", "<|a|>"])


def test_specials_own_entry(learner):
    """A special token has an entry of its own, even if a single byte or a merge looks the same."""
    for text, specials in (("xyxyxy", ["a"]), ("abab|ab", ["|", "ba"]), ("aabab", ["b", "aab"])):
        vocab, merges = train(learner, text, 256 + len(specials) + 2, specials)
        merges_hold(merges, counted(text, specials), 2)
        vocab_holds(vocab, merges, specials)


@few
@given(vocabularies)
@example("abcabc")
def test_train_leaves_the_list(learner, text):
    """train_bpe leaves the list of special tokens as it is, and a second call on the same file gives the same."""
    specials = ["<|a|>", "<|a|><|b|>", "<|a|>"]
    count(learner, text)  # writes the file
    shown = f'{call("count_words", text, "[]")}; train_bpe("corpus.txt", 263, {specials!r})  # and once more'
    seen = learner.probe("purity", "train_bpe", ("corpus.txt", 263, specials), shown=shown)
    check.that(not seen["changed"], f"the list of special tokens {specials} was changed")
    for which in ("first", "second"):
        merges_hold(parts(seen[which])[1], counted(text), 5)
        vocab_holds(*parts(seen[which]), specials[:2])


@few
@given(vocabularies, vocabularies)
@example("abab", "cdcd")
def test_train_remembers_nothing(learner, earlier, text):
    """A second corpus is trained on as if there had been no first."""
    train(learner, earlier, 270, [END])
    counts_hold(count(learner, text), counted(text))
    vocab, merges = train(learner, text, 260)
    merges_hold(merges, counted(text), 4)
    vocab_holds(vocab, merges, [])


def test_options(learner):
    """Further keyword arguments are accepted and never change the result."""
    text = "abc abcabc ba"
    vocab, merges = train(learner, text, 262, [END], num_processes=2, verbose=False)
    merges_hold(merges, counted(text), 5)
    vocab_holds(vocab, merges, [END])


def test_path(learner):
    """The path may be a pathlib.Path; the file is only read."""
    text = "low lower<|x|>lowest"
    shown = f'p = Path("another name.txt"); p.write_bytes({text.encode()!r}); '
    shown += 'count_words(p, ["<|x|>"]); train_bpe(p, 260, ["<|x|>"])'
    got, trained, afterwards = learner.probe("from_path", text.encode(), ["<|x|>"], 260, shown=shown)
    counts_hold(got, counted(text, ["<|x|>"]))
    merges_hold(parts(trained)[1], counted(text, ["<|x|>"]), 3)
    check.equal(afterwards, text.encode(), what="the file afterwards")


# ---------------------------------------------------------------- train_bpe: the cost


def ask_something_cheap(learner):
    """Train on a few words first: a diagnosis replays this too, and need not count lines where the answer differs."""
    text = "ab\r\nabab  <|x|>cab<|x|>y Aaaaa\x85é é bc abc. .The<|x|><|x|>| ab gh gh gh gh def\n"
    for size in (266, 400):
        train(learner, text, size, ["<|x|>", "<|x|>y", "|", "<|x|>"])


# 256 words that no merge touches, and three frequent ones with letters of their own: the first 12 merges are theirs.
SPARSE = """rare = ["".join(w) * 2 for w in itertools.product("bcdf", repeat=4)]
often = ["aeiou", "yEuAo", "OUYiI"] * 200
text = "\\n".join(rare + often).encode()"""


def sparse_corpus():
    """The text that SPARSE makes, and the number of pairs in its different words."""
    rare = ["".join(w) * 2 for w in itertools.product("bcdf", repeat=4)]
    often = ["aeiou", "yEuAo", "OUYiI"] * 200
    return "\n".join(rare + often), len(rare) * 7 + 3 * 4


def test_cost_of_a_merge(learner):
    """A merge recounts the words that it changes, not all words: at most a sixth of the work of counting all again."""
    ask_something_cheap(learner)
    text, pairs = sparse_corpus()
    first, last = 257, 267
    shown = f'import itertools\n{SPARSE}\nopen("corpus.txt", "wb").write(text)\n'
    shown += f'train_bpe("corpus.txt", {last}, [])  # without what train_bpe("corpus.txt", {first}, []) costs'
    limits = [pairs * (last - first) // 6, pairs * (last - first)]
    over = learner.probe("merge_lines_exceed", text.encode(), first, last, limits, shown=shown)
    check.that(
        not over[0],
        f"{'far ' if over[1] else ''}more than {pairs // 6:,} lines of your code run for each merge",
        f"the 259 different words have {pairs:,} pairs in all; each of these merges changes one word or two",
    )


def test_cost_of_repeats(learner):
    """A word that occurs twenty times costs a merge no more than one that occurs once."""
    ask_something_cheap(learner)
    rng = random.Random(7)
    text = "".join("".join(rng.choices("abcde", k=6)) + "\n" for _ in range(10))
    once, often = (text.encode() * n for n in (1, 20))
    shown = f'open("corpus.txt", "wb").write({text!r}.encode() * 20)  # and without the * 20\n'
    shown += 'train_bpe("corpus.txt", 270, [])'
    more = learner.probe("repeats_cost", once, often, 257, 270, shown=shown)
    check.that(not more, "the merges take more than twice as many lines of your code when every word occurs 20 times")
