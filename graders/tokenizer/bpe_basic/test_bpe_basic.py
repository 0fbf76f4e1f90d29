"""The hidden grader of 1.2. Its oracle writes a row of ids as a str, one character for each id, and searches in that.

Of several most frequent pairs a learner may merge any. So the merges that a training made are looked at one by one: did
each pair have the highest count when its turn came? Most texts below have no such choice at all, as far as they are
trained on: everybody's merges are the same there, and so are everybody's mistakes.
"""

import random
from collections import Counter
from functools import lru_cache
from itertools import pairwise

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from course.grading import check

few = settings(max_examples=10)

# ---------------------------------------------------------------- the oracle: rows of ids, written as text


def row_of(ids):
    return "".join(map(chr, ids))


def row_of_text(text):
    """The bytes of a text as a row: Latin-1 has the character n for the byte n."""
    return text.encode("utf-8").decode("latin-1")


def ids_of(row):
    return [ord(char) for char in row]


def counts_of(row):
    """Every pair of the row and how often it occurs."""
    return Counter(map("".join, pairwise(row)))


def as_pair(two):
    return ord(two[0]), ord(two[1])


@lru_cache(maxsize=4096)
def forced(text, most=12):
    """The first merges of a text as long as there is no choice, and whether no pair is left after them."""
    row, pairs = row_of_text(text), []
    while len(row) > 1 and len(pairs) < most:
        counts = counts_of(row)
        highest = max(counts.values())
        best = [pair for pair, count in counts.items() if count == highest]
        if len(best) > 1:
            break
        row = row.replace(best[0], chr(256 + len(pairs)))
        pairs.append(as_pair(best[0]))
    return tuple(pairs), len(row) < 2


def after(text, pairs):
    """The row of a text after these merges, one after the other."""
    row = row_of_text(text)
    for number, pair in enumerate(pairs):
        row = row.replace(row_of(pair), chr(256 + number))
    return row


def by_rank(text, pairs):
    """encode by its definition: of the pairs that are there, the one of the lowest rank, again and again."""
    row, merges = row_of_text(text), [row_of(pair) for pair in pairs]
    while present := [number for number, pair in enumerate(merges) if pair in row]:
        row = row.replace(merges[present[0]], chr(256 + present[0]))
    return ids_of(row)


def vocabulary(pairs):
    vocab = {i: bytes([i]) for i in range(256)}
    for left, right in pairs:
        vocab[len(vocab)] = vocab[left] + vocab[right]
    return vocab


def learned(pairs):
    return {idx: token for idx, token in vocabulary(pairs).items() if idx >= 256}


# ---------------------------------------------------------------- claims


def call(name, *args):
    if name == "vocab" and args:
        return f"{{i: token for i, token in tokenizer.vocab.items() if i >= {args[0]}}}"
    return f"tokenizer.{name}" + (f"({', '.join(map(repr, args))})" if args else "")


def session(learner, *steps):
    """What a tokenizer gives, one thing after another: ("train", text, vocab_size), ("encode", text), ("merges",)."""
    shown = "; ".join(["tokenizer = BasicTokenizer()", *(call(*step) for step in steps)])
    return learner.probe("session", *steps, shown=shown)


def in_order(merges):
    """The merged pairs in the order of their ids, which must be 256, 257, …"""
    check.that(isinstance(merges, dict), f"merges is {check.describe(merges)}, expected a dict")
    for pair, idx in merges.items():
        right = isinstance(pair, tuple) and len(pair) == 2 and all(type(part) is int for part in pair)
        check.that(right, f"{check.shorten(pair)} is a key of merges, expected a pair of ids: (int, int)")
        check.that(type(idx) is int, f"merges[{pair}] is {check.describe(idx)}, expected an id")
    ids = sorted(merges.values())
    expected = list(range(256, 256 + len(merges)))
    check.that(ids == expected, f"the ids in merges are {check.shorten(ids)}, expected {check.shorten(expected)}")
    for pair, idx in merges.items():
        known = all(0 <= part < idx for part in pair)
        check.that(known, f"merges[{check.shorten(pair)}] is {idx}: when {idx} is made, there is no such pair of ids")
    return sorted(merges, key=merges.get)


def times(count, what=""):
    if what:
        return f"{count} {what}{'' if count == 1 else 's'}"
    return "once" if count == 1 else f"{count} times"


def named(pair, vocab):
    return f"{pair}, that is {vocab[pair[0]]!r} and {vocab[pair[1]]!r},"


def merges_hold(text, merges, room):
    """Each merge is of a pair with the highest count at its turn, and there are as many as there may be."""
    row, vocab, pairs = row_of_text(text), vocabulary([]), in_order(merges)
    for number, pair in enumerate(pairs):
        counts, idx = counts_of(row), 256 + number
        check.that(counts, f"{idx} is one merge too many: no pair is left after {times(number, 'merge')}")
        check.that(number < room, f"{len(pairs)} merges, expected {room}: vocab_size counts the 256 bytes, too")
        best = max(counts, key=counts.get)
        had = counts.get(row_of(pair), 0)
        check.that(
            had == counts[best],
            f"the merge {idx} is of a pair that does not have the highest count",
            f"{pair} occurs {times(had)} then, in a row of {len(row)} ids",
            f"{named(as_pair(best), vocab)} occurs {times(counts[best])}",
        )
        row = row.replace(row_of(pair), chr(idx))
        vocab[idx] = vocab[pair[0]] + vocab[pair[1]]
    left = counts_of(row)
    if left and len(pairs) < room:
        best = as_pair(max(left, key=left.get))
        check.fail(
            f"training ended after {times(len(pairs), 'merge')}, expected {room}, or as many as there are pairs",
            f"there still is a pair: {named(best, vocab)} occurs {times(left[row_of(best)])}",
        )
    return pairs


def stats_hold(got, ids, already=(), what="get_stats"):
    """The counts are those of every two neighbours, added to what there was already."""
    expected = dict(already)
    for pair in {tuple(ids[i : i + 2]) for i in range(len(ids) - 1)}:
        # every place is looked at once for each different pair
        expected[pair] = expected.get(pair, 0) + sum(tuple(ids[i : i + 2]) == pair for i in range(len(ids)))
    check.that(isinstance(got, dict), f"{what} gives {check.describe(got)}, expected a dict")
    for pair in sorted(expected):
        check.that(pair in got, f"{what} has no entry for {pair}, expected {expected[pair]}")
        check.equal(got[pair], expected[pair], what=f"{what}: the count of {pair}")
    for pair in got:
        check.that(pair in expected, f"{what} has an entry for {check.shorten(pair)}, which does not occur")


def merged(ids, pair, idx):
    return ids_of(row_of(ids).replace(row_of(pair), chr(idx)))


# ---------------------------------------------------------------- the inputs

# Characters that share bytes (é and è, 日 and 旦), spaces and controls among them. What stands between the words of a
# corpus stands there once, so that no pair with it is frequent.
LETTERS = ["ab", "abc", "a \n", "éèa", "日旦", "\r\na", "\0\x1c\t", "\xa0\x85b", "e\u0301\u0300"]
BETWEEN = "".join(map(chr, range(0x21, 0x5B)))
NASTY = ["", "a", "é", "\0", "\ufeffa", "a\r\nb\rc\n", "e\u0301 é", "日本日", "\x1c\x85\xa0\u2028", "\U0010ffff"]
NASTY += ["👨\u200d👩\u200d👧", "🙂🙃", "Ab ÉΣ ho", "  ho \n", "ﬁ²"]
SURROGATES = ["\ud800", "ab\udc80ab", "\ud83d\ude00"]

# Few different ids, so that pairs repeat, and large ones among them; an id may follow itself.
ids_lists = st.lists(st.sampled_from([3, 97, 300]), max_size=12)
pairs = st.tuples(st.sampled_from([3, 97, 300]), st.sampled_from([97, 3, 300]))


def corpus_of(words):
    """A text in which each word occurs so often, with a different character behind each."""
    every = [word for word, often in words for _ in range(often)]
    return "".join(word + between for word, between in zip(every, BETWEEN, strict=False))


@st.composite
def corpora(draw):
    """A text and a vocab_size up to which no two pairs have the highest count: (text, vocab_size)."""
    letters = draw(st.sampled_from(LETTERS))
    words = st.tuples(st.text(letters, min_size=1, max_size=4), st.integers(2, 7))
    text = corpus_of(draw(st.lists(words, min_size=1, max_size=4)))
    found, _ = forced(text)
    assume(found)
    return text, 256 + draw(st.integers(1, len(found)))


@st.composite
def encodings(draw):
    """A corpus and another text, mostly of its characters: (text, vocab_size, other)."""
    text, size = draw(corpora())
    letters = "".join(sorted(set(text) - set(BETWEEN)))
    return text, size, draw(st.one_of(st.text(letters, max_size=16), st.text(letters + "xé!", max_size=16)))


# In the texts to be encoded, what is merged first is neither leftmost nor longest: bc before ab; ab before bx and abab.
ASTRAY = (corpus_of([("bc", 4), ("ab", 3)]), 258, "abcabc")
LONGEST = (corpus_of([("bx", 7), ("ab", 5), ("abab", 2)]), 259, "ababx ababab")
HO = "ho, ho; ho. oh"
# ca 8 times, bca 5 times, bb 4 times, bbc 4 times, cc twice
TANGLE = corpus_of([("bca", 5), ("bbc", 4), ("ca", 3), ("cc", 2)])
# ab 14 times, yz 13 times, \n\t 12 times, abc 11 times, xyz 10 times, and so on
TOWERS = corpus_of([
    *[("ab", 3), ("abc", 3), ("abcd", 3), ("abcde", 3), ("abcdef", 2)],
    *[("yz", 3), ("xyz", 3), ("wxyz", 3), ("vwxyz", 4)],
    *[("\n\t", 3), ("\n\t ", 3), ("\n\t \r", 6)],
])  # fmt: skip


def most_common(text, vocab_size):
    """The merges of a text as far as there is no choice; a corpus of ours goes no further."""
    found = forced(text)[0]
    assert len(found) >= vocab_size - 256, f"{text!r} leaves a choice after {len(found)} merges"
    return found[: vocab_size - 256]


# ---------------------------------------------------------------- get_stats


@settings(max_examples=30)
@given(ids_lists)
@example([1, 2, 3, 1, 2])
@example([97, 300, 97])
@example([])
@example([97])
def test_stats(learner, ids):
    """get_stats counts every two neighbours, and nothing else: (1, 2) is not (2, 1), and one id alone has no pair."""
    stats_hold(learner.get_stats(ids), ids)


@few
@given(st.lists(st.tuples(st.sampled_from([7, 300]), st.integers(1, 6)), min_size=1, max_size=3))
@example([(7, 3)])
@example([(7, 4), (300, 2)])
def test_stats_overlap(learner, runs):
    """Pairs overlap: in a run of n equal ids, get_stats counts n − 1 pairs."""
    ids = [token for token, length in runs for _ in range(length)]
    stats_hold(learner.get_stats(ids), ids)


@few
@given(ids_lists, st.dictionaries(pairs, st.integers(1, 9), max_size=3))
@example([1, 2, 1], {(1, 2): 5, (8, 9): 4})
@example([1, 2], {})
@example([], {(1, 2): 5})
def test_stats_adds_to_counts(learner, ids, counts):
    """With `counts`, get_stats adds to that dict, an empty one too, and returns the very same dict."""
    seen = learner.probe("adds_to", ids, counts, shown=f"counts = {counts}; get_stats({ids}, counts)")
    stats_hold(seen["counts"], ids, counts, what="counts")
    stats_hold(seen["returned"], ids, counts)
    check.that(seen["same"], "get_stats returned another dict than the one it was given")


@few
@given(ids_lists, ids_lists)
@example([1, 2], [3, 4])
def test_stats_begins_afresh(learner, earlier, ids):
    """Without `counts`, every call of get_stats begins with nothing and returns a dict of its own."""
    shown = f"one, other = get_stats({earlier}), get_stats({ids})"
    one, other = learner.probe("stats_of_two", earlier, ids, shown=shown)
    stats_hold(other, ids, what="the second get_stats")
    stats_hold(one, earlier, what="the first get_stats, looked at after the second,")


@few
@given(ids_lists)
@example([97, 97, 97, 300])
def test_stats_leaves_ids(learner, ids):
    """get_stats takes a list or a tuple, and leaves a list as it was."""
    seen = learner.probe("purity", "get_stats", (ids,))
    check.that(not seen["changed"], "get_stats changed the list it was given")
    stats_hold(seen["first"], ids)
    stats_hold(learner.get_stats(tuple(ids)), ids, what="get_stats of a tuple")


def mixed_ids(length, different):
    rng = random.Random(12)
    return [rng.randrange(different) for _ in range(length)]


def test_stats_work(learner):
    """get_stats reads the ids once, not once for each different pair."""
    shown = "get_stats(ids)  # 400 ids with some 300 different pairs"
    over = learner.probe("lines_exceed", 40 * 400, "get_stats", mixed_ids(400, 30), shown=shown)
    check.that(not over, "more than 40 lines of your code run for each id")


# ---------------------------------------------------------------- merge


@settings(max_examples=30)
@given(ids_lists, pairs)
@example([5, 6, 6, 7, 9, 6, 7], (6, 7))
@example([6, 7, 6, 7, 6], (6, 7))
@example([7, 6, 7], (6, 7))
def test_merge(learner, ids, pair):
    """merge replaces every occurrence of the pair by the new id, and keeps everything else in its place."""
    check.equal(learner.merge(ids, pair, 301), merged(ids, pair, 301), what="merge")


@few
@given(st.integers(2, 9), st.integers(0, 2), st.integers(0, 2))
@example(3, 0, 0)
@example(4, 0, 0)
@example(5, 1, 1)
def test_merge_runs(learner, length, before, behind):
    """In a run of equal ids, merge goes from left to right and uses no id twice: [7, 7, 7] becomes [256, 7]."""
    ids = [9] * before + [7] * length + [8] * behind
    check.equal(learner.merge(ids, (7, 7), 256), merged(ids, (7, 7), 256), what="merge")


@few
@given(ids_lists, pairs)
@example([5], (6, 7))
def test_merge_at_both_ends(learner, ids, pair):
    """merge neither loses the first and the last id nor overlooks a pair there."""
    left, right = pair
    for row in ([*ids, left], [right, *ids], [*ids, left, right], [left, right, *ids], [left, right]):
        check.equal(learner.merge(row, pair, 301), merged(row, pair, 301), what="merge")


@few
@given(ids_lists, pairs)
@example([9, 8], (6, 7))
def test_merge_of_an_absent_pair(learner, ids, pair):
    """merge of a pair that does not occur, also in fewer than two ids, gives an equal list."""
    absent = [token + 1000 * (token == pair[1]) for token in ids]
    for row in (absent, [], [pair[0]]):
        check.equal(learner.merge(row, pair, 301), row, what="merge")


@few
@given(ids_lists, pairs)
@example([6, 7, 7], (6, 7))
@example([9, 8], (6, 7))
def test_merge_makes_a_new_list(learner, ids, pair):
    """merge returns a new list, even if nothing is replaced, and leaves the old one as it was."""
    kept = list(ids)
    shown = f"ids = {ids}; merge(ids, {pair}, 301); ids"
    seen = learner.probe("merge_keeps", ids, pair, 301, shown=shown)
    check.equal(seen["ids"], kept, what="ids afterwards")
    check.that(not seen["same"], "merge returned the list it was given, expected a new one")
    check.equal(seen["result"], merged(kept, pair, 301), what="merge")
    check.equal(learner.merge(tuple(kept), pair, 301), merged(kept, pair, 301), what="merge of a tuple")


def test_merge_many_ids(learner):
    """3,000 ids are no more difficult to merge than 3."""
    ids = mixed_ids(3_000, 3)
    got = learner.probe("merge_keeps", ids, (1, 2), 256, shown="merge(ids, (1, 2), 256)  # 3,000 ids")["result"]
    check.equal(got, merged(ids, (1, 2), 256), what="merge")


def test_merge_work(learner):
    """merge goes through the ids once, and does not begin again after each replacement."""
    shown = "merge([1, 2, 3] * 200, (1, 2), 256)"
    over = learner.probe("lines_exceed", 40 * 600, "merge", [1, 2, 3] * 200, (1, 2), 256, shown=shown)
    check.that(not over, "more than 40 lines of your code run for each id")


# ---------------------------------------------------------------- BasicTokenizer, before training


@few
@given(st.sampled_from(NASTY))
@example("né")
def test_untrained(learner, text):
    """Before training a tokenizer has no merges and knows the 256 bytes: encode gives the bytes of a text."""
    merges, vocab, ids = session(learner, ("merges",), ("vocab",), ("encode", text))
    check.equal(merges, {}, what="merges")
    check.equal(vocab, vocabulary([]), what="vocab")
    check.equal(ids, list(text.encode()), what="encode")


# ---------------------------------------------------------------- train


@settings(max_examples=40)
@given(corpora())
@example((HO, 257))
@example(ASTRAY[:2])
def test_train_merges_the_most_frequent(learner, corpus):
    """Each merge is of a pair with the highest count at that point; its id is the next: 256, 257, …"""
    text, size = corpus
    (merges,) = session(learner, ("train", text, size), ("merges",))
    merges_hold(text, merges, size - 256)


def test_train_by_hand(learner):
    """Three merges of "aaabdaaabac" leave five ids: 258, 100, 258, 97, 99."""
    text = "aaabdaaabac"
    (ids,) = session(learner, ("train", text, 259), ("encode", text))
    check.equal(ids, [258, 100, 258, 97, 99], what="encode")


@few
@given(st.sampled_from([97, 0xE9, 0x1F642]), st.integers(3, 9), st.integers(2, 4))
@example(97, 5, 3)
@example(97, 4, 3)
def test_train_counts_overlapping_pairs(learner, char, length, others):
    """train counts as get_stats does: "aaaaa" has four pairs, more than "bcbcbc" has of (b, c)."""
    text = chr(char) * length + "bc" * others + "d"
    found, _ = forced(text)
    assume(found)
    size = 256 + min(len(found), 3)
    (merges,) = session(learner, ("train", text, size), ("merges",))
    merges_hold(text, merges, size - 256)


def test_train_on_one_long_row(learner):
    """Spaces and line ends are bytes like all others: a merge may join them to what stands beside them."""
    for text, size in (("a b a c a d", 258), ("x\ny\nx\nz", 257), ("to to\tto", 257), ("q\r\nr\r\ns", 257), (HO, 258)):
        (merges,) = session(learner, ("train", text, size), ("merges",))
        merges_hold(text, merges, size - 256)


def test_train_on_bytes(learner):
    """Training sees bytes, not characters: a pair may be half a character, or the end of one and the next."""
    for text, size in (("éèéêéë ëé", 258), ("日旦 日", 258), ("яaяbяяbёb", 258), ("é日旦旦é日明é", 258)):
        merges, vocab = session(learner, ("train", text, size), ("merges",), ("vocab", 256))
        found = merges_hold(text, merges, size - 256)
        check.equal(vocab, learned(found), what="vocab from 256 on")


# The pair to be merged is gone when the text is "cleaned": its capitals, its blanks, its accents or its line ends.
AS_IT_IS = ["AB!AB?ab", "  ", "\r\nx\r\n", "\ufeff", "éé", "e\u0301e\u0301", "²²", "\0\0"]


def test_train_on_the_text_as_it_is(learner):
    """Training takes the text as it is, with its capitals, its spaces at both ends, its accents and its line ends."""
    for text in AS_IT_IS:
        (merges,) = session(learner, ("train", text, 257), ("merges",))
        merges_hold(text, merges, 1)


@few
@given(corpora())
@example((HO, 258))
def test_train_vocab_size(learner, corpus):
    """vocab_size counts the 256 bytes and the merges: with 256 there is none, with 257 there is one."""
    text, size = corpus
    for wanted in (256, 257, size):
        merges, vocab = session(learner, ("train", text, wanted), ("merges",), ("vocab", 256))
        found = merges_hold(text, merges, wanted - 256)
        check.equal(vocab, learned(found), what="vocab from 256 on")


# Texts that can be merged down to a single id without any choice on the way.
EXHAUSTED = ["", "a", "\0", "ab", "abab", "ababab", "aaaa", "é", "éé", "aaaaaaaa", "xyxyxyxy", "\r\n\r\n"]


@few
@given(st.sampled_from(EXHAUSTED), st.integers(0, 300))
@example("ab", 300)
@example("abab", 300)
@example("ababab", 1)
@example("", 1)
@example("a", 1)
def test_train_until_no_pair_is_left(learner, text, more):
    """A pair that occurs once is merged, too; training ends early, without an error, when no pair is left."""
    found, ended = forced(text)
    assert ended
    size = 256 + len(found) + more
    merges, vocab, ids = session(learner, ("train", text, size), ("merges",), ("vocab", 256), ("encode", text))
    merges_hold(text, merges, size - 256)
    check.equal(vocab, learned(found), what="vocab from 256 on")
    check.equal(ids, ids_of(after(text, found)), what="encode")


@settings(max_examples=15)
@given(st.text("ab🙂 ", max_size=12), st.integers(0, 6))
@example("abcd", 2)
@example("🙂🙃🙂🙂", 3)
@example("abcabc", 3)
def test_train_any_of_equals(learner, text, room):
    """Of several pairs with the highest count any may be merged; what comes later is counted after that choice."""
    merges, vocab, ids = session(learner, ("train", text, 256 + room), ("merges",), ("vocab", 256), ("encode", text))
    found = merges_hold(text, merges, room)
    check.equal(vocab, learned(found), what="vocab from 256 on")
    check.equal(ids, ids_of(after(text, found)), what="encode")


@few
@given(corpora(), st.sampled_from([255, 0, -1, 100]))
@example(("abab", 257), 255)
def test_train_vocab_size_too_small(learner, corpus, size):
    """A vocab_size below 256 raises ValueError."""
    with check.raises("ValueError"):
        session(learner, ("train", corpus[0], size))


@settings(max_examples=15)
@given(corpora())
@example((HO, 257))
def test_vocab(learner, corpus):
    """vocab has the bytes of every id: those of a merged pair are its left bytes followed by its right bytes."""
    text, size = corpus
    merges, vocab = session(learner, ("train", text, size), ("merges",), ("vocab",))
    expected = vocabulary(in_order(merges))
    check.that(isinstance(vocab, dict), f"vocab is {check.describe(vocab)}, expected a dict")
    for idx, token in expected.items():
        check.that(idx in vocab, f"vocab has no entry for {idx}, expected {token!r}")
        check.equal(vocab[idx], token, what=f"vocab[{idx}]")
    check.that(len(vocab) == len(expected), f"vocab has {len(vocab)} entries, expected {len(expected)}")


@few
@given(corpora(), corpora())
@example(("ababab", 257), ("cdcdcd", 258))
@example(("abababab", 258), ("cdcdcd", 257))
def test_train_again(learner, earlier, corpus):
    """A second training begins anew: what was learned before is forgotten."""
    (before, small), (text, size) = earlier, corpus
    merges, vocab, ids = session(
        learner, ("train", before, small), ("train", text, size), ("merges",), ("vocab", 256), ("encode", before)
    )
    found = merges_hold(text, merges, size - 256)
    check.equal(vocab, learned(found), what="vocab from 256 on")
    check.equal(ids, by_rank(before, found), what="encode")


def test_tokenizers_learn_for_themselves(learner):
    """What one tokenizer learns is not known to another, made before it or after it."""
    text, other = "ababab", "cdcdcd"
    shown = f"one, other = BasicTokenizer(), BasicTokenizer(); one.train({text!r}, 257); other.train({other!r}, 257)"
    shown += "; third = BasicTokenizer()"
    steps = (("merges",), ("vocab",), ("encode", "abcd"))
    one, third = learner.probe("side_by_side", (text, 257), (other, 257), *steps, shown=shown)
    for name, got, found in (("one", one, [(97, 98)]), ("third", third, [])):
        check.equal(got[0], dict.fromkeys(found, 256), what=f"{name}.merges")
        check.equal(got[1], vocabulary(found), what=f"{name}.vocab")
        check.equal(got[2], by_rank("abcd", found), what=f'{name}.encode("abcd")')


@few
@given(corpora())
@example((HO, 257))
def test_train_verbose(learner, corpus):
    """With verbose=True train prints something and learns the same; otherwise it prints nothing."""
    text, size = corpus
    for options in ((), (False,), (True,)):
        verbose = bool(options and options[0])
        arguments = ", ".join(map(repr, (text, size, *options)))
        seen = learner.probe("talk", text, size, *options, shown=f"BasicTokenizer().train({arguments})")
        merges_hold(text, seen["merges"], size - 256)
        check.that(seen["printed"] or not verbose, "nothing was printed, expected something about each merge")
        check.that(not seen["printed"] or verbose, "something was printed without verbose=True")


@few
@given(st.sampled_from(SURROGATES))
@example("ab\udc80ab")
def test_surrogates(learner, text):
    """An unpaired surrogate has no UTF-8: train and encode raise ValueError."""
    with check.raises("ValueError"):
        session(learner, ("train", text, 258))
    with check.raises("ValueError"):
        session(learner, ("train", "abab", 257), ("encode", text))


# ---------------------------------------------------------------- encode


@settings(max_examples=30)
@given(corpora())
@example((HO, 257))
@example(("aaaaaaa", 258))
def test_encode_the_corpus(learner, corpus):
    """encode turns the text of the training into the very ids that the training ended with."""
    text, size = corpus
    (ids,) = session(learner, ("train", text, size), ("encode", text))
    check.equal(ids, ids_of(after(text, most_common(text, size))), what="encode")


@settings(max_examples=40)
@given(encodings())
@example(ASTRAY)
@example(LONGEST)
@example((HO, 257, "oh ho"))
def test_encode_in_the_order_of_training(learner, case):
    """encode merges the pair that training merged first, wherever it occurs, and looks again, until none is left."""
    text, size, other = case
    (ids,) = session(learner, ("train", text, size), ("encode", other))
    expected = by_rank(other, most_common(text, size))
    check.equal(ids, expected, what="encode")


def test_encode_after_many_merges(learner):
    """The order of training holds for many merges, too, of which later ones are made of earlier ones."""
    cases = (
        (TANGLE, 261, ("accacbbbcacabccabaa",)),
        (TOWERS, 268, ("abcdef", "bcdeabcde", "tuvwxyz uvwxyz", "xyzabc\n\t \rabcd", "yzyz\n\t\n\t ab", "zabyzab" * 4)),
    )
    for text, size, others in cases:
        answers = session(learner, ("train", text, size), *(("encode", other) for other in others))
        for other, ids in zip(others, answers, strict=True):
            check.equal(ids, by_rank(other, most_common(text, size)), what=f"encode({other!r})")


@few
@given(corpora(), st.sampled_from(NASTY))
@example((HO, 257), "")
@example((HO, 257), "h")
def test_encode_short_texts(learner, corpus, text):
    """A text of no or one byte has nothing to merge, and characters never seen in training are encoded as bytes."""
    ids, empty, one = session(learner, ("train", *corpus), ("encode", text), ("encode", ""), ("encode", "h"))
    check.equal(empty, [], what='encode("")')
    check.equal(one, [104], what='encode("h")')
    check.equal(ids, by_rank(text, most_common(*corpus)), what="encode")


@few
@given(encodings())
@example(("ababab", 257, "cdcdcd"))
def test_encode_learns_nothing(learner, case):
    """encode leaves the tokenizer as it was, and gives the same ids every time."""
    text, size, other = case
    steps = ("encode", other), ("merges",), ("vocab", 256), ("encode", other)
    first, merges, vocab, second = session(learner, ("train", text, size), *steps)
    found = most_common(text, size)
    check.equal(merges, {pair: 256 + number for number, pair in enumerate(found)}, what="merges afterwards")
    check.equal(vocab, learned(found), what="vocab from 256 on, afterwards")
    check.equal(first, by_rank(other, found), what="the first encode")
    check.equal(second, first, what="the second encode")


# ---------------------------------------------------------------- decode


@settings(max_examples=30)
@given(encodings())
@example((HO, 257, "oh ho é"))
@example(ASTRAY)
@example(("日旦 日", 258, "日曰"))
def test_round_trip(learner, case):
    """Every text comes back: decode(encode(text)) is the text, to the last character."""
    text, size, other = case
    expected = by_rank(other, most_common(text, size))
    ids, back = session(learner, ("train", text, size), ("encode", other), ("decode", expected))
    check.equal(back, other, what="decode")
    check.equal(ids, expected, what="encode")


def test_round_trip_of_strange_texts(learner):
    """encode takes a text as it is, with its capitals and spaces and marks, and decode gives it back as it was."""
    for text in NASTY:
        expected = by_rank(text, most_common(HO, 257))
        ids, back = session(learner, ("train", HO, 257), ("encode", text), ("decode", expected))
        check.equal(ids, expected, what="encode")
        check.equal(back, text, what="decode")


@settings(max_examples=30)
@given(corpora(), st.lists(st.integers(0, 400), max_size=6))
@example(("日旦 日", 257), [256, 0xA5])
@example(("éèéêéë ëé", 257), [256, 256, 169])
@example(("ababab", 257), [256, 97, 256])
def test_decode_any_ids(learner, corpus, numbers):
    """decode puts the bytes of all ids together before it reads characters; U+FFFD stands where they are no UTF-8."""
    text, size = corpus
    vocab = vocabulary(most_common(text, size))
    # The merged ids and the bytes of the text first: the ones of which characters are made.
    known = [*range(256, len(vocab)), *text.encode(), *range(128, 256)]
    ids = numbers if all(number in vocab for number in numbers) else [known[n % len(known)] for n in numbers]
    back, again = session(learner, ("train", text, size), ("decode", ids), ("decode", tuple(ids)))
    check.equal(back, b"".join(vocab[i] for i in ids).decode("utf-8", "replace"), what="decode")
    check.equal(again, back, what="decode of a tuple")


@few
@given(corpora(), st.sampled_from([0, 1, 100, -1, -256]))
@example(("ababab", 257), 0)
@example(("ababab", 257), -1)
def test_decode_of_no_id(learner, corpus, beyond):
    """An id that is not in the vocabulary raises KeyError (or IndexError, or ValueError); −1 is none."""
    text, size = corpus
    wrong = beyond if beyond < 0 else size + beyond
    with check.raises("KeyError", "IndexError", "ValueError"):
        session(learner, ("train", text, size), ("decode", [97, wrong]))
