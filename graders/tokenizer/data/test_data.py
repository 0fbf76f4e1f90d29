"""The hidden grader of 1.8. Its oracles are loops over Python lists; it knows every window that a batch may show."""

import fractions

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check
from course.grading.strategies import sizes

few, some = settings(max_examples=6), settings(max_examples=12)
salts = st.integers(0, 2**20)  # of the numbers in an example

# ---------------------------------------------------------------- tokenize_to_memmap

ALPHABET = "ab\n\r é日🙂\t"
texts = st.text(st.sampled_from(ALPHABET), max_size=24)


def table_of(rng, characters, *, doubles=False):
    """Ids for each character: one, or two for some; nothing in their order is the order of the characters."""
    names = sorted(set(characters))
    names += [name * 2 for name in names] if doubles else []
    ids = rng.choice(65_536, size=2 * len(names), replace=False).tolist()
    return {name: ids[2 * k : 2 * k + 1 + (k % 3 == 1 and not doubles)] for k, name in enumerate(names)}


def plain_ids(text, table):
    return [i for character in text for i in table[character]]


def doubled_ids(text, table):
    """Two equal characters side by side are one token, from the left."""
    ids, at = [], 0
    while at < len(text):
        length = 2 if text[at : at + 1] == text[at + 1 : at + 2] else 1
        ids += table[text[at : at + length]]
        at += length
    return ids


def concatenated(documents, ids_of, eos_id):
    return [i for text in documents for i in (*ids_of(text), *([] if eos_id is None else [eos_id]))]


def number(ids):
    return f"{len(ids)} id{'' if len(ids) == 1 else 's'}"


def file_holds(data, ids, dtype="uint16"):
    """The bytes of the file are the ids, and nothing else."""
    size = np.dtype(dtype).itemsize
    if len(data) % size or len(data) != size * len(ids):
        check.fail(
            f"the file has {len(data)} bytes, expected {size * len(ids)}",
            f"{number(ids)} of {size} byte{'s' * (size > 1)} each, nothing before or behind them",
        )
    got = np.frombuffer(data, dtype=dtype).tolist()
    place = next((k for k, pair in enumerate(zip(got, ids, strict=True)) if pair[0] != pair[1]), None)
    if place is not None:
        near = slice(max(place - 2, 0), place + 3)
        check.fail(
            f"the file holds {got[place]} at index {place}, expected {ids[place]}",
            f"there: {got[near]}; expected: {ids[near]}" if len(ids) > 1 else "",
        )


def made(result, ids, dtype="uint16"):
    total, data = result
    file_holds(data, ids, dtype)
    check.equal(total, len(ids), what="the number returned")


def shown_files(documents, *, alone, options="", tok="a tokenizer with encode alone"):
    named = [f"text{k}.txt" for k in range(len(documents))]
    writes = "; ".join(
        f'open("{name}", "wb").write({check.shorten(data, 200)})' for name, data in zip(named, documents, strict=True)
    )
    path = repr(named[0]) if alone else repr(named)
    return f"{writes}; tokenize_to_memmap({path}, tok, 'ids.bin'{options})  # tok: {tok}"


def letters(learner, documents, table, dtype="uint16", *, alone=True, **kw):
    data = [text if isinstance(text, bytes) else text.encode() for text in documents]
    options = "".join(f", {name}={value!r}" for name, value in [("dtype", f"np.{dtype}"), *kw.items()]).replace("'", "")
    tok = "one or two ids for each character"
    shown = shown_files(data, alone=alone, options=options, tok=tok)
    return check.items(learner.probe("letters", data, table, dtype, alone=alone, shown=shown, **kw), 2)


@some
@given(texts, salts)
@example("bé\n", 1)
def test_ids_of_one_file(learner, text, salt):
    """The file holds the ids of the text in their order, each once, and nothing else; their number is returned."""
    rng = np.random.default_rng([salt, 20_26])
    table = table_of(rng, ALPHABET)
    made(letters(learner, [text], table), plain_ids(text, table))


ODD_TEXTS = ["a\r\nb\r\n", "\ufeffab", "a\rb", "a\u2028b\x85c\x0bd\x0ce", "\r\r\n\n\r", "\x1c\x1d\x00\x7f"]


def test_every_character(learner):
    """Every character of the file is text: line ends come as they are, and so does a byte order mark."""
    for salt, text in enumerate(ODD_TEXTS):
        table = table_of(np.random.default_rng([salt, 20_26]), text + "\n\r")
        made(letters(learner, [text], table), plain_ids(text, table))


def test_utf8_everywhere(learner):
    """Files are read as UTF-8, also on a computer whose own encoding is another."""
    table = table_of(np.random.default_rng(3), ALPHABET)
    data = ["é日🙂é\n".encode()]
    shown = shown_files(data, alone=True, tok="one or two ids for each character; the locale is C")
    made(check.items(learner.probe("elsewhere", data, table, shown=shown), 2), plain_ids("é日🙂é\n", table))


def test_not_utf8(learner):
    """Bytes that are not UTF-8 raise UnicodeDecodeError."""
    table = table_of(np.random.default_rng(4), ALPHABET + "\ufffd\xff\xe9\x80\xed\xa0\xc3")
    for data in (b"\xff", b"ab\n\xe9", b"\xc3", b"a\x80b", b"\xed\xa0\x80", b"ab\n\xf0\x9f\x99"):
        with check.raises("UnicodeDecodeError"):
            letters(learner, [data], table)


@few
@given(st.lists(st.text(st.sampled_from("ab é\r"), max_size=4), min_size=1, max_size=5).map("\n".join))
@example("a\nb\n")
def test_encode_line_by_line(learner, text):
    """A tokenizer with encode alone is given one line at a time, its line end included."""
    table = table_of(np.random.default_rng(5), ALPHABET)
    shown = shown_files([text.encode()], alone=True, tok="notes what encode is given")
    got = learner.probe("lines_given", text.encode(), table, shown=shown)
    expected = [line + "\n" for line in text.split("\n")[:-1]] + [line for line in text.split("\n")[-1:] if line]
    check.equal(got, expected, what="the texts given to encode")


def doubles(learner, documents, table, **kw):
    data = [text.encode() for text in documents]
    tok = "has encode_iterable, for which two equal characters side by side are one token"
    options = "".join(f", {name}={value!r}" for name, value in kw.items())
    shown = shown_files(data, alone=len(data) == 1, options=options, tok=tok)
    total, written, called = check.items(learner.probe("doubles", data, table, shown=shown, **kw), 3)
    return (total, written), called


@some
@given(texts, salts)
@example("a\n\nb", 6)
def test_encode_iterable(learner, text, salt):
    """encode_iterable is used where a tokenizer has it: a token may reach across the end of a line."""
    rng = np.random.default_rng([salt, 20_26])
    table = table_of(rng, ALPHABET, doubles=True)
    result, called = doubles(learner, [text], table)
    made(result, doubled_ids(text, table))
    check.that(not called, "encode was called, though the tokenizer has encode_iterable")


@some
@given(st.lists(texts, min_size=1, max_size=4), salts, st.sampled_from([None, 7, 65_535]))
@example(["ab", "ba"], 7, 7)
@example(["a", "", "b"], 8, 7)
def test_documents(learner, documents, salt, eos_id):
    """Several files follow each other in the order given; behind each document, an empty one too, stands eos_id."""
    rng = np.random.default_rng([salt, 20_26])
    table = table_of(rng, ALPHABET)
    result = letters(learner, documents, table, alone=False, eos_id=eos_id)
    made(result, concatenated(documents, lambda text: plain_ids(text, table), eos_id))


@few
@given(st.integers(0, 2), salts)
@example(1, 9)
def test_eos_zero(learner, many, salt):
    """An eos_id of 0 is an id like any other."""
    rng = np.random.default_rng([salt, 20_26])
    table, documents = table_of(rng, ALPHABET), ["ab\n", "é"][:many] or ["\n"]
    result = letters(learner, documents, table, alone=False, eos_id=0)
    made(result, concatenated(documents, lambda text: plain_ids(text, table), 0))


def test_documents_apart(learner):
    """Each file is tokenized for itself: no token reaches from one document into the next."""
    table = table_of(np.random.default_rng(10), ALPHABET, doubles=True)
    for documents, eos_id in ((["ba", "ab"], None), (["b\n", "\n\n", "\na"], 5), (["éé", "é"], None)):
        result, called = doubles(learner, documents, table, eos_id=eos_id)
        made(result, concatenated(documents, lambda text: doubled_ids(text, table), eos_id))
        check.that(not called, "encode was called, though the tokenizer has encode_iterable")


def test_a_list_of_one(learner):
    """A list of one file is as good as the file, with and without eos_id; without ids the file is empty."""
    table = table_of(np.random.default_rng(11), ALPHABET)
    for text in ("ab\n", ""):
        for alone in (True, False):
            for eos_id in (None, 9):
                result = letters(learner, [text], table, alone=alone, eos_id=eos_id)
                made(result, concatenated([text], lambda text: plain_ids(text, table), eos_id))


def test_dtypes(learner):
    """Without a dtype the file is uint16; any integer dtype can be given, as a class, by name, as np.dtype."""
    table, text = {"a": [0, 3], "b": [127], "\n": [90]}, "ab\nba"
    dtypes = ["uint8", "int8", "int16", "int32", "uint32", "int64"]
    shown = shown_files([text.encode()], alone=True) + f"; and with dtype=np.uint8, 'uint8', … {dtypes[-1]}"
    got = learner.probe("default_dtype", text.encode(), table, dtypes, shown=shown)
    for data, dtype in zip(got, ["uint16", *(name for name in dtypes for _ in range(3))], strict=True):
        file_holds(data, plain_ids(text, table), dtype)


LIMITS = [("uint16", 0, 65_535), ("uint8", 0, 255), ("int16", -(2**15), 2**15 - 1), ("uint32", 0, 2**32 - 1)]


def test_largest_ids(learner):
    """The greatest and the smallest id that a dtype holds come back from the file unchanged."""
    for dtype, low, high in LIMITS:
        table = {"a": [high, low], "b": [1]}
        for eos_id in (low, high):
            result = letters(learner, ["aba"], table, dtype, eos_id=eos_id)
            made(result, [high, low, 1, high, low, eos_id], dtype)


def test_too_large(learner):
    """An id that the dtype cannot hold raises OverflowError or ValueError, an eos_id too; nothing is wrapped round."""
    for dtype, low, high in LIMITS:
        for bad in (high + 1, high + 1 + 2**33, low - 1):
            for as_eos in (False, True):
                too_large_refused(learner, dtype, bad, f"{dtype} holds {low:,} to {high:,}", as_eos=as_eos)


def too_large_refused(learner, dtype, bad, limits, *, as_eos):
    table = {"a": [5], "b": [5 if as_eos else bad], "\n": [6]}
    text, eos_id = "a\naab\na", bad if as_eos else None
    shown = shown_files([text.encode()], alone=True, options=f", dtype=np.{dtype}, eos_id={eos_id}", tok=f"ids {table}")
    got = learner.probe("refused", [text.encode()], table, dtype, eos_id=eos_id, shown=shown)
    check.that(
        got == "refused",
        f"nothing was raised for the id {bad:,}, expected OverflowError or ValueError",
        f"the file holds {check.shorten(got)}; {limits}",
    )


def test_overwritten(learner):
    """Paths may be pathlib.Path; an older file of the same name is replaced, and the texts are only read."""
    table, first, then = table_of(np.random.default_rng(12), ALPHABET), "abab é\n" * 5, "ba"
    shown = shown_files([first.encode(), then.encode()], alone=True) + "; and then the other file to the same out"
    total, written, texts = check.items(
        learner.probe("overwritten", first.encode(), then.encode(), table, shown=shown), 3
    )
    made((total, written), plain_ids(then, table))
    check.equal(texts, [first.encode(), then.encode()], what="the text files afterwards")


@settings(max_examples=2)
@given(st.sampled_from([2**12, 2**13]), salts)
@example(20_001, 13)
def test_long_files(learner, length, salt):
    """A file with more ids than may be held at a time: none is lost, none comes twice."""
    rng = np.random.default_rng([salt, 20_26])
    text = "".join(rng.choice(list("abé日\n"), size=length).tolist())
    table = {name: ids[:1] for name, ids in table_of(rng, ALPHABET).items()}
    made(
        letters(learner, [text, "ab"], table, alone=False, eos_id=3),
        [*plain_ids(text, table), 3, *plain_ids("ab", table), 3],
    )


LINE = "a line of text with some 500 characters; " * 12 + "\n"


def ask_something_cheap(learner):
    """Ask a little of everything first.

    A diagnosis replays it too, and need not tokenize a long file with a version whose answers differ here.
    """
    table = table_of(np.random.default_rng(14), ALPHABET, doubles=True)
    for eos_id in (None, 0):
        letters(learner, ["bé\r\n\n日 \n", "", "\r\nb"], table, alone=False, eos_id=eos_id)
    doubles(learner, ["a\n\nb", "bb\n"], table)
    shown = shown_files([b"a\n \n\nb"], alone=True)
    learner.probe("lines_given", b"a\n \n\nb", table, shown=shown)
    rng = np.random.default_rng(15)
    shown = "one call or two of every other function of the step, on 13 and on 49 random ids"
    learner.probe("the_rest", tokens(rng, 13), tokens(rng, 2 * WINDOWS + 1), shown=shown)


def test_memory_of_a_file(learner):
    """Memory does not grow with the file: at four times the length the peak is the same, with encode_iterable too."""
    ask_something_cheap(learner)
    limit, lines = 24_000, 150
    for streaming in (False, True):
        name = "encode_iterable" if streaming else "encode"
        shown = f"tokenize_to_memmap(path, tok, 'ids.bin')  # tok has {name}; lines of {len(LINE)} characters, "
        shown += f"{lines} and {4 * lines} of them"
        grows = learner.probe("memory_grows", LINE, lines, limit, streaming, shown=shown)
        check.that(
            not grows[0],
            f"the peak of memory grows by {'far ' if grows[1] else ''}more than {limit // 1000} kB",
            f"from {lines} lines ({len(LINE) * lines // 1000} kB) to {4 * lines}, with {name}",
        )


# ---------------------------------------------------------------- split_train_val


def beginnings(n, ends):
    return [end + 1 for end in ends if 0 < end + 1 < n]


def nearest(candidates, n, frac):
    """The candidate nearest to frac·n, the earlier of two: computed with fractions, without rounding."""
    target = fractions.Fraction(frac) * n
    return min(candidates, key=lambda cut: (abs(cut - target), cut))


def split_holds(got, n, cut):
    train, val = check.items(got, 2, what="split_train_val")
    check.equal((tuple(train), tuple(val)), ((0, cut), (cut, n)), what="split_train_val")


@given(st.integers(2, 400), st.integers(1, 99))
@example(100, 29)
@example(1000, 90)
def test_split(learner, n, percent):
    """Without documents the cut is frac · n, rounded to the nearest; no token is lost, and none is in both parts."""
    frac = percent / 100
    if abs((n * percent) % 100 - 50) < 1 or not 0 < (n * percent + 50) // 100 < n:
        n, frac = 100, 0.29
        percent = 29
    split_holds(learner.split_train_val(n, frac), n, (n * percent + 50) // 100)


@st.composite
def document_ends(draw):
    """(n, frac, ends): documents of random lengths, the last one perhaps unfinished; frac·n is exact."""
    lengths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=6))
    n = sum(lengths)
    finished = draw(st.booleans())
    ends = (np.cumsum(lengths) - 1).tolist()
    frac = draw(st.integers(1, 31)) / 32
    return n, frac, ends if finished else ends[:-1]


@settings(max_examples=25)
@given(document_ends())
@example((100, 0.75, [9, 69, 93, 99]))
@example((10, 0.75, [3, 5]))
@example((10, 0.5, [8]))
def test_split_by_document(learner, case):
    """With by_document the cut is the beginning of the document nearest to frac · n: none lies in both parts."""
    n, frac, ends = case
    split_holds(learner.split_train_val(n, frac, by_document=ends), n, nearest(beginnings(n, ends), n, frac))


@few
@given(st.integers(1, 6), st.integers(1, 6))
@example(2, 3)
def test_split_equally_near(learner, half, before):
    """Of two beginnings equally near to frac · n the earlier one is the cut."""
    n = 4 * (half + before)  # cut at n/2 ± half
    ends = [n // 2 - half - 1, n // 2 + half - 1, n - 1]
    split_holds(learner.split_train_val(n, 0.5, by_document=ends), n, n // 2 - half)


def test_split_not_rounded(learner):
    """frac · n itself is what a beginning has to be near to, not the rounded number."""
    for n, frac, ends in ((10, 0.53125, [3, 5, 9]), (14, 0.53125, [4, 8, 13]), (10, 0.46875, [3, 5])):
        split_holds(learner.split_train_val(n, frac, by_document=ends), n, nearest(beginnings(n, ends), n, frac))


@few
@given(document_ends(), st.sampled_from(["int64", "int32", "uint16", "uint64"]))
@example((100, 0.75, [9, 69, 93, 99]), "int64")
def test_split_array(learner, case, dtype):
    """by_document may be an array; the numbers returned are Python ints all the same, and the array is not changed."""
    n, frac, ends = case
    seen = learner.probe(
        "purity",
        "split_train_val",
        (n, frac, np.array(ends, dtype=dtype)),
        shown=f"split_train_val({n}, {frac}, np.array({ends}, dtype=np.{dtype}))",
    )
    for which in ("first", "second"):
        split_holds(seen[which], n, nearest(beginnings(n, ends), n, frac))
        for cut in (one for part in seen[which] for one in part):
            check.that(type(cut) is int, f"one of the four numbers is {type(cut).__name__}, expected a Python int")
    check.that(not seen["changed"], "by_document was changed")


UNSPLIT = [(1, 0.5), (0, 0.5), (10, 0.0), (10, 1.0), (10, -0.1), (10, 1.5), (3, 0.9), (3, 0.1), (100, 0.001)]


def test_split_errors(learner):
    """Fewer than two tokens, a share that is not between 0 and 1, and an empty part raise ValueError."""
    for n, frac in UNSPLIT:
        with check.raises("ValueError"):
            learner.split_train_val(n, frac)


UNSPLIT_DOCUMENTS = [
    (10, 0.5, [9]),
    (10, 0.5, []),
    (10, 0.5, [4, 10]),
    (10, 0.5, [-1, 4]),
    (10, 0.5, [4, 12]),
    (10, 0.0, [4]),
    (10, 1.0, [4]),
    (1, 0.5, [0]),
    (10, 0.5, [-5, 4]),
]


def test_split_document_errors(learner):
    """One document alone cannot be split, and an index outside of the dataset is an error: ValueError."""
    for n, frac, ends in UNSPLIT_DOCUMENTS:
        with check.raises("ValueError"):
            learner.split_train_val(n, frac, by_document=ends)


def test_split_far_away(learner):
    """A beginning of a document far from frac · n is still the place to cut, if it is the only one."""
    for n, frac, ends in ((5, 0.9, [1]), (5, 0.1, [3]), (2, 0.99, [0]), (2, 0.01, [0, 1]), (8, 0.999, [0, 7])):
        split_holds(learner.split_train_val(n, frac, by_document=ends), n, nearest(beginnings(n, ends), n, frac))


# ---------------------------------------------------------------- get_batch


# With 24 windows it is too unlikely that a batch of another order is the same.
WINDOWS = 24


def tokens(rng, n, dtype="uint16", *, distinct=True):
    """Random ids over the whole range of the dtype, in no order, all different: next to i never stands i + 1."""
    top = {"uint16": 65_536, "int16": 2**15, "uint8": 256, "int32": 2**31, "uint32": 2**32, "int64": 2**40}[dtype]
    while True:
        ids = rng.integers(0, top // 2, size=n) * 2 + rng.integers(0, 2)
        if not distinct or len(set(ids.tolist())) == n:
            return ids.astype(dtype)


def expected_pairs(data, context_length):
    """Every window with its target, one after another."""
    ids, pairs = [int(i) for i in data], []
    for start in range(len(ids) - context_length):
        x = tuple(ids[start + t] for t in range(context_length))
        y = tuple(ids[start + t + 1] for t in range(context_length))
        pairs.append((x, y))
    return pairs


def python(data, width=400):
    """The array as the learner would type it, if it is not too long for that."""
    text = f"np.array({data.tolist()}, dtype=np.{data.dtype})"
    return text if len(text) <= width else f"{text[:width]}…  # {len(data)} tokens in all"


def drawing(data, batch_size, context_length, calls):
    return (
        f"data = {python(data)}\ng = torch.Generator().manual_seed(1)\n"
        f"for _ in range({calls}): get_batch(data, {batch_size}, {context_length}, generator=g)"
    )


def pairs_hold(got, data, context_length, *, complete=True):
    """Rows of x are windows of the data, rows of y are the data one later; and every start comes."""
    expected = expected_pairs(data, context_length)
    targets = dict(expected)
    for x, y in got:
        check.that(
            x in targets, f"a row of x is {list(x)}: no window of the dataset", f"the dataset is {data.tolist()}"
        )
        check.that(
            y == targets[x],
            f"x has the row {list(x)}, and y {list(y)}, expected {list(targets[x])}",
            f"the dataset is {data.tolist()}",
        )
    if complete:
        came = {x for x, _ in got}
        missing = [start for start, (x, _) in enumerate(expected) if x not in came]
        check.that(
            not missing,
            f"the start {missing and missing[0]} never comes, expected all of 0 … {len(expected) - 1}",
            f"the dataset has {len(data)} tokens, a window {context_length}",
        )


@some
@given(salts, sizes(2, 5), sizes(1, 5), sizes(1, 6))
@example(21, 3, 3, 4)
def test_batch_windows(learner, salt, batch_size, context_length, starts):
    """Rows of x are windows of the dataset, rows of y the dataset one token later; every start comes, 0 to the last."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, context_length + starts)
    calls = 1 + 160 // batch_size  # a start that is never drawn: less than once in 10**11
    got = learner.probe(
        "all_pairs",
        data,
        batch_size,
        context_length,
        calls,
        1,
        shown=drawing(data, batch_size, context_length, calls),
    )
    pairs_hold(got, data, context_length)


@some
@given(salts, sizes(1, 5), sizes(1, 7), sizes(1, 9), st.sampled_from(["uint16", "int64", "uint8", "int32", "uint32"]))
@example(22, 2, 3, 4, "uint16")
@example(23, 1, 1, 1, "int64")
def test_batch_kind(learner, salt, batch_size, context_length, starts, dtype):
    """x and y are int64 tensors of shape (batch_size, context_length), whatever the dtype of the dataset."""
    data = tokens(np.random.default_rng([salt, 20_26]), context_length + starts, dtype)
    shown = f"get_batch({python(data)}, {batch_size}, {context_length})"
    kinds = learner.probe("described", data, batch_size, context_length, shown=shown)
    kinds_hold(kinds, batch_size, context_length, "cpu")


def kinds_hold(kinds, batch_size, context_length, device):
    for name, kind in zip("xy", check.items(kinds, 2, what="the batch"), strict=True):
        check.that(isinstance(kind, tuple), f"{name} is of type {kind}, expected a tensor")
        expected = ((batch_size, context_length), "int64", device)
        for word, got, want in zip(("shape", "dtype", "device"), kind, expected, strict=True):
            check.that(got == want, f"the {word} of {name} is {got}, expected {want}")


@few
@given(salts, sizes(1, 4), st.sampled_from(["uint16", "uint32", "int64"]))
@example(24, 2, "uint16")
def test_batch_large_ids(learner, salt, context_length, dtype):
    """Ids keep their value up to the greatest that the dataset's dtype holds."""
    rng = np.random.default_rng([salt, 20_26])
    top = {"uint16": 2**16, "uint32": 2**32, "int64": 2**62}[dtype]
    data = (top - 1 - tokens(rng, context_length + 1, "uint8").astype("int64")).astype(dtype)
    x, y = check.items(learner.get_batch(data, 2, context_length), 2, what="get_batch")
    for row in zip(x.data.tolist(), y.data.tolist(), strict=True):
        pairs_hold([tuple(map(tuple, row))], data, context_length, complete=False)


@few
@given(salts, sizes(1, 4), sizes(1, 6))
@example(25, 3, 5)
def test_batch_just_room(learner, salt, batch_size, context_length):
    """A dataset of context_length + 1 tokens has exactly one window, and gives it."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, context_length + 1)
    x, y = check.items(learner.get_batch(data, batch_size, context_length), 2, what="get_batch")
    for row in zip(x.data.tolist(), y.data.tolist(), strict=True):
        pairs_hold([tuple(map(tuple, row))], data, context_length)


@few
@given(salts, sizes(1, 5), sizes(0, 3))
@example(26, 3, 0)
def test_batch_no_room(learner, salt, context_length, missing):
    """A dataset of context_length tokens or fewer raises ValueError: the last target would lie outside."""
    rng = np.random.default_rng([salt, 20_26])
    with check.raises("ValueError"):
        learner.get_batch(tokens(rng, max(context_length - missing, 0)), 2, context_length)


def test_batch_sizes(learner):
    """A batch_size and a context_length below 1 raise ValueError."""
    data = tokens(np.random.default_rng(27), 9)
    for batch_size, context_length in ((0, 3), (3, 0), (-1, 3), (2, -1), (0, 0)):
        with check.raises("ValueError"):
            learner.get_batch(data, batch_size, context_length)


@settings(max_examples=3)
@given(salts, st.sampled_from([(8, 3, 5), (4, 1, 2), (8, 5, 8), (6, 2, 3)]))
@example(28, (8, 3, 5))
def test_batch_uniform(learner, salt, case):
    """Every start 0 … n − context_length − 1 is equally likely, the first and the last one too."""
    rng = np.random.default_rng([salt, 20_26])
    batch_size, context_length, starts = case
    data, calls = tokens(rng, context_length + starts), 300
    seen = learner.probe(
        "uneven_starts",
        data,
        batch_size,
        context_length,
        calls,
        1,
        shown=drawing(data, batch_size, context_length, calls),
    )
    for word, often in (("rare", "rarely"), ("frequent", "often")):
        check.that(
            not seen[word],
            f"the start {seen[word] and seen[word][0]} of 0 … {starts - 1} comes far too {often}",
            f"of {calls * batch_size:,} rows, {calls * batch_size // starts} are expected to begin at each start",
        )


@settings(max_examples=3)
@given(salts, sizes(2, 3))
@example(29, 3)
def test_batch_rows(learner, salt, starts):
    """Rows are drawn independently, with repetition: any two starts can come together, in a batch or in two."""
    rng = np.random.default_rng([salt, 20_26])
    context_length, calls = 2, 300
    data = tokens(rng, context_length + starts)
    seen = learner.probe("together", data, 2, context_length, calls, 1, shown=drawing(data, 2, context_length, calls))
    expected = [(a, b) for a in range(starts) for b in range(starts)]
    for name, words in (
        ("rows", "the rows of one batch"),
        ("batches", "the last row of a batch and the next one's first"),
    ):
        missing = [pair for pair in expected if pair not in seen[name]]
        check.that(
            not missing,
            f"in {words} the starts {missing and missing[0]} never come together",
            f"{calls} batches of 2 rows; those that come: {seen[name]}",
        )


def seeds_hold(seen, order, *, where):
    for name, holds in ((name, seen[name]) for name in order):
        check.that(holds, f"this does not hold: {name}", where)
    moved = seen.get("moved", [])
    check.that(not moved, f"the global random state of {' and '.join(moved)} was changed", where)


@few
@given(salts, sizes(1, 4), st.integers(0, 1000))
@example(30, 3, 7)
def test_batch_generator(learner, salt, context_length, seed):
    """All chance comes from the generator: the same seed gives the same batches; no global random state is touched."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, 200)
    shown = f"data = {python(data)}\nget_batch(data, 8, {context_length}, generator="
    shown += f"torch.Generator().manual_seed({seed}))  # three batches each, again, and with the seed {seed + 1}"
    seen = learner.probe("seeded", data, 8, context_length, seed, shown=shown)
    seeds_hold(
        seen,
        ["same seed, same batches", "another seed, other batches", "each call, another batch"],
        where="with generator=torch.Generator()",
    )


@few
@given(salts, sizes(1, 4), st.integers(0, 1000))
@example(31, 3, 7)
def test_batch_global_generator(learner, salt, context_length, seed):
    """Without a generator chance comes from torch's global one: torch.manual_seed makes batches repeatable."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, 200)
    shown = f"data = {python(data)}\ntorch.manual_seed({seed}); get_batch(data, 8, {context_length})"
    seen = learner.probe("unseeded", data, 8, context_length, seed, shown=shown + "  # two batches, and again")
    seeds_hold(
        seen,
        ["same seed, same batches", "another seed, other batches", "each call, another batch"],
        where="without a generator, after torch.manual_seed",
    )


@few
@given(salts, sizes(1, 3), st.sampled_from(["int64", "uint16"]))
@example(32, 1, "int64")
@example(32, 2, "uint16")
def test_batch_memory_of_its_own(learner, salt, batch_size, dtype):
    """x and y have memory of their own: writing into one changes neither the other nor the dataset."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, 9, dtype)
    shown = f"data = {python(data)}\nx, y = get_batch(data, {batch_size}, 4); y.fill_(-100); x.fill_(-100)"
    changed = learner.probe("alone", data, batch_size, 4, shown=shown)
    check.that(not changed, changed[0] if changed else "")


@few
@given(salts, st.sampled_from(["r", "r+", "c"]), st.sampled_from(["uint16", "int64", "uint32"]))
@example(33, "r", "uint16")
@example(33, "r+", "int64")
def test_batch_from_memmap(learner, salt, mode, dtype):
    """An np.memmap is a dataset like any other; the file is as before."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, 7, dtype)
    shown = (
        f"data = {python(data)}; data.tofile('ids.bin'); data = np.memmap('ids.bin', dtype=np.{dtype}, mode={mode!r})\n"
    )
    shown += "g = torch.Generator().manual_seed(1)\nfor _ in range(25): get_batch(data, 3, 4, generator=g)"
    pairs, same = check.items(learner.probe("from_file", data, 3, 4, mode, 25, shown=shown), 2)
    pairs_hold(pairs, data, 4)
    check.that(same, "the file of the memory map was changed")


@few
@given(salts, sizes(1, 3), st.sampled_from(["uint16", "int64", "int32"]))
@example(34, 2, "uint16")
@example(34, 1, "int64")
def test_batch_strided(learner, salt, context_length, dtype):
    """A dataset that is a slice with a step gives its own tokens only."""
    data = tokens(np.random.default_rng([salt, 20_26]), 14, dtype)[::2]
    shown = drawing(data, 6, context_length, 40).replace("\n", "; data = np.repeat(data, 2)[::2]\n", 1)
    got = learner.probe("all_pairs", data, 6, context_length, 40, 1, shown=shown)
    pairs_hold(got, data, context_length)


@few
@given(salts, sizes(1, 3), sizes(1, 3))
@example(35, 2, 3)
def test_batch_device(learner, salt, batch_size, context_length):
    """x and y lie on the device that was asked for, both of them."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, 9)
    for device in ("meta", "cpu"):
        shown = f"get_batch({python(data)}, {batch_size}, {context_length}, device={device!r})"
        kinds = learner.probe("described", data, batch_size, context_length, device=device, shown=shown)
        kinds_hold(kinds, batch_size, context_length, device)


def test_batch_impossible_device(learner):
    """A device that does not exist raises, instead of giving a batch somewhere else."""
    data = tokens(np.random.default_rng(36), 9)
    for device in ("cuda:99", "nonsense"):
        shown = f"get_batch({python(data)}, 2, 3, device={device!r})"
        got = learner.probe("impossible", data, 2, 3, device, shown=shown)
        check.that(got == "refused", f"nothing was raised for the device {device!r}, expected an error", f"{got} came")


def test_batch_memory(learner):
    """Only the windows are read: a batch from a file of 6 MB takes less than 100 kB."""
    file_tokens, limit = 3_000_000, 100_000
    shown = f"data = np.memmap('ids.bin', dtype=np.uint16, mode='r')  # {file_tokens:,} tokens\nget_batch(data, 4, 64)"
    over = learner.probe("memory_of_batches", file_tokens, 4, 64, limit, shown=shown)
    check.that(
        not over, f"the peak of memory is more than {limit // 1000} kB; the batch itself has {2 * 4 * 64 * 8:,} bytes"
    )


def test_batch_of_the_endless(learner):
    """A dataset much larger than memory is no problem: nothing in get_batch takes memory or time for every token."""
    many = 2**48
    shown = "get_batch(np.broadcast_to(np.uint16(40_000), 2**48), 3, 5)  # 512 TiB, were it written out"
    x, y = check.items(learner.probe("endless", many, 3, 5, shown=shown), 2, what="get_batch")
    for name, tensor in (("x", x), ("y", y)):
        check.equal(tensor.data.tolist(), [[40_000] * 5] * 3, what=name)


# ---------------------------------------------------------------- DataLoaderLite


def making(data, batch_size, context_length, options=""):
    shown = f"data = {python(data)}\n"
    return shown + f"loader = DataLoaderLite(data, {batch_size}, {context_length}{options})"


loader_cases = st.tuples(sizes(1, 3), sizes(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(0, 3))


def loader_data(rng, case):
    """(data, batch_size, context_length, number of batches): so many batches, windows and tokens left over."""
    batch_size, context_length, batches, windows, rest = case
    windows, rest = min(windows, batch_size - 1), min(rest, context_length - 1)
    return (
        tokens(rng, (batches * batch_size + windows) * context_length + 1 + rest),
        batch_size,
        context_length,
        batches,
    )


@some
@given(salts, loader_cases)
@example(41, (2, 3, 2, 1, 2))
def test_loader_length(learner, salt, case):
    """len(loader) is the number of full batches of an epoch: (n − 1) // context_length windows, // batch_size."""
    rng = np.random.default_rng([salt, 20_26])
    data, batch_size, context_length, batches = loader_data(rng, case)
    shown = making(data, batch_size, context_length) + "\nlen(loader)"
    check.equal(learner.probe("make", data, batch_size, context_length, shown=shown), batches, what="len(loader)")


@some
@given(salts, loader_cases)
@example(42, (2, 3, 2, 1, 2))
@example(43, (1, 2, 1, 0, 0))
def test_loader_in_order(learner, salt, case):
    """Without shuffle, batches come in the order of the dataset, side by side; after the last the first comes again."""
    rng = np.random.default_rng([salt, 20_26])
    data, batch_size, context_length, batches = loader_data(rng, case)
    count = 2 * batches + 1
    shown = making(data, batch_size, context_length, ", shuffle=False")
    shown += f"\nfor _ in range({count}): loader.next_batch()"
    got = check.items(learner.probe("in_order", data, batch_size, context_length, count, shown=shown), count)
    ids = [int(i) for i in data]
    for number, batch in enumerate(got):
        x, y = check.items(batch, 2, what="next_batch()")
        for name, tensor, shift in (("x", x, 0), ("y", y, 1)):
            check.that(hasattr(tensor, "requires_grad"), f"{name} is {check.describe(tensor)}, expected a tensor")
            starts = [((number % batches) * batch_size + row) * context_length + shift for row in range(batch_size)]
            expected = [ids[start : start + context_length] for start in starts]
            check.equal(tensor.data.tolist(), expected, what=f"{name} of batch {number}")
            check.equal(tensor.dtype, "int64", what=f"the dtype of {name}")


@few
@given(salts, st.integers(0, 2**40))
@example(44, 0)
def test_loader_each_once(learner, salt, seed):
    """A shuffled epoch takes every window once, with its target."""
    rng = np.random.default_rng([salt, 20_26])
    batch_size, context_length, windows = 3, 2, 6
    data = tokens(rng, windows * context_length + 1 + int(rng.integers(0, 2)))
    shown = making(data, batch_size, context_length, f", seed={seed}") + "\nfor _ in range(8): loader.next_batch()"
    got = learner.probe("epochs", data, batch_size, context_length, seed, 4, shown=shown)
    windows_hold(got, windows)
    check.equal(got["in every epoch"], windows, what="how many of the windows come in every epoch")


def windows_hold(got, each):
    """Every row of an epoch is a window, none of them twice, and there are as many as the batches have room for."""
    seen = f"the windows of one epoch, sorted: {list(got['an epoch'])}"
    check.that(not got["rows that are no window"], "a row of an epoch is no window of the dataset with its target")
    check.that(not got["a window twice in an epoch"], "a window comes twice in one epoch", seen)
    check.that(
        got["windows in an epoch"] == [each],
        f"an epoch has {' or '.join(map(str, got['windows in an epoch']))} windows, expected {each}",
        seen,
    )


@settings(max_examples=3)
@given(salts, st.integers(0, 1000))
@example(45, 1)
def test_loader_any_order(learner, salt, seed):
    """In shuffled epochs any order of the windows comes, sooner or later."""
    rng = np.random.default_rng([salt, 20_26])
    data, count = tokens(rng, 3 * 2 + 1), 200
    shown = making(data, 3, 2, f", seed={seed}") + f"\nfor _ in range({count}): loader.next_batch()"
    got = learner.probe("orders", data, 3, 2, seed, count, shown=shown)
    check.that(
        got["number"] == 6,
        f"in {count} epochs only {got['number']} orders of 3 windows come, expected 6",
        f"those that come: {list(got['orders'])}",
    )


@settings(max_examples=3)
@given(salts, st.integers(0, 1000))
@example(46, 1)
def test_loader_left_over(learner, salt, seed):
    """Which windows are left out of a shuffled epoch changes: each of them is left out sometimes."""
    rng = np.random.default_rng([salt, 20_26])
    data, count = tokens(rng, 5 * 2 + 1), 170
    shown = making(data, 4, 2, f", seed={seed}") + f"\nfor _ in range({count}): loader.next_batch()"
    got = learner.probe("epochs", data, 4, 2, seed, count, shown=shown)
    windows_hold(got, 4)
    check.equal(got["in none"], 0, what=f"how many of the 5 windows never come in {count} epochs")
    check.equal(got["in every epoch"], 0, what=f"how many of the 5 windows are never left out in {count} epochs")


@few
@given(salts, st.integers(0, 2**33), st.sampled_from([1, 4, 5]))
@example(47, 0, 4)
def test_loader_seed(learner, salt, seed, batch_size):
    """seed and epoch alone decide the order: the same again for the same seed, another for each epoch and seed."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, 20 * 2 + 1)
    shown = making(data, batch_size, 2, f", seed={seed}") + "\nthree epochs, again, and with another seed"
    seen = learner.probe("orders_compared", data, batch_size, 2, seed, shown=shown)
    seeds_hold(
        seen,
        [
            "not the order of the dataset",
            "same seed, same order",
            "another seed, another order",
            "each epoch, another order",
        ],
        where="20 windows, three epochs",
    )


def test_loader_defaults(learner):
    """Without options a loader shuffles, with the seed 0."""
    data = tokens(np.random.default_rng(59), WINDOWS * 2 + 1)
    shown = making(data, 6, 2) + "\nother = DataLoaderLite(data, 6, 2, shuffle=True, seed=0)  # two epochs of each"
    seen = learner.probe("defaults", data, 6, 2, shown=shown)
    seeds_hold(seen, ["without shuffle it shuffles", "without a seed it is 0"], where=f"{WINDOWS} windows, two epochs")


def test_loader_two(learner):
    """Two loaders used in turn don't disturb each other, whether their seeds are equal or not."""
    data = tokens(np.random.default_rng(48), WINDOWS * 2 + 1)
    shown = making(data, 6, 2, ", seed=9") + "\nother = DataLoaderLite(data, 6, 2, seed=10)  # next_batch() in turn"
    check.that(
        learner.probe("two_loaders", data, 6, 2, 9, shown=shown), "loaders used in turn give other batches than alone"
    )


@settings(max_examples=15)
@given(salts, st.integers(0, 9), st.integers(0, 7), st.booleans(), st.sampled_from([(4, 3), (6, 2), (8, 1), (5, 2)]))
@example(49, 2, 0, True, (8, 1))
@example(50, 3, 1, True, (8, 1))
@example(51, 5, 0, True, (6, 2))
@example(52, 4, 4, False, (6, 2))
def test_loader_resumes(learner, salt, before, used, shuffle, sizes):
    """Stopped anywhere and continued in another loader from the state, batches are those of a run without a stop."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, WINDOWS * sizes[1] + 1)
    per_epoch = WINDOWS // sizes[0]
    after = 2 * per_epoch + 1
    shown = making(data, *sizes, f", shuffle={shuffle}, seed=5")
    shown += f"\nfor _ in range({before}): loader.next_batch()\nstate = json.dumps(loader.state_dict())\n"
    shown += f"other = DataLoaderLite(data, {sizes[0]}, {sizes[1]}, shuffle={shuffle}, seed={5 if used % 2 else 77})"
    shown += f"  # {used} batches taken\nother.load_state_dict(json.loads(state)); other.next_batch()"
    seen = learner.probe("resumed", data, sizes, before, after, shuffle=shuffle, used=used, shown=shown)
    check.that(seen["undisturbed"], "state_dict() changes what the loader itself gives next")
    wrong = [k for k, equal in enumerate(seen["equal"]) if not equal]
    check.that(
        not wrong,
        f"continued after {before} batches, batch {wrong and before + wrong[0]} is another one than without a stop",
        f"{per_epoch} batches make an epoch; the loader that goes on had given {used}",
    )
    check.that(seen["short"], "the state has more than 1,000 characters as JSON")


@few
@given(salts, st.integers(0, 5), st.integers(1, 4), st.booleans())
@example(53, 1, 1, True)
@example(53, 2, 4, True)
def test_loader_rewinds(learner, salt, before, between, shuffle):
    """A state is a copy: the loader can go on and be put back to it, more than once."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, WINDOWS * 2 + 1)
    shown = making(data, 8, 2, f", shuffle={shuffle}, seed=3") + f"\nfor _ in range({before}): loader.next_batch()\n"
    shown += (
        f"state = loader.state_dict()\nfor _ in range({between}): loader.next_batch()\nloader.load_state_dict(state)"
    )
    seen = learner.probe("rewound", data, (8, 2), before, between, shuffle, shown=shown)
    check.that(seen["again"][0], "put back to its state, the loader gives other batches than before")
    check.that(seen["again"][1], "put back to its state a second time, the loader gives other batches than before")
    check.that(seen["state unchanged"], "the state changed while the loader went on")


FOREIGN = {
    "batch_size": [(49, 8, 2, True), (49, 6, 2, True)],
    "context_length": [(49, 8, 2, True), (49, 8, 3, True)],
    "length of dataset": [(49, 8, 2, True), (48, 8, 2, True)],
    "length of the same windows": [(49, 8, 2, False), (50, 8, 2, False)],
    "shuffle": [(49, 8, 2, True), (49, 8, 2, False)],
    "context_length of as many batches": [(49, 4, 6, True), (49, 4, 5, True)],
}


def test_loader_foreign_state(learner):
    """A state of a loader with other sizes, shuffle or length of dataset raises ValueError and changes nothing."""
    cases = [(which, pair[::order]) for which, pair in FOREIGN.items() for order in (1, -1)]
    # All are asked before one is judged: what a version takes and what it refuses tells it from the others.
    answers = [foreign_state(learner, *pair, steps // 2) for steps, (_, pair) in enumerate(cases)]
    wrong = [steps for steps, answer in enumerate(answers) if tuple(answer) != ("ValueError", True)]
    if wrong:
        which, pair = cases[wrong[0]]
        foreign_state(learner, *pair, wrong[0] // 2)  # once more: the last call is the one shown
        raised, went_on = answers[wrong[0]]
        differ = f"the two loaders differ in {which.partition(' of ')[0]}"
        check.that(raised, "nothing was raised, expected ValueError", differ)
        check.that(raised == "ValueError", f"raised {raised}, expected ValueError", differ)
        check.that(went_on, "the loader that refused a state goes on with other batches than before", differ)


def foreign_state(learner, one, other, steps):
    rng = np.random.default_rng(54)
    made_for, given_to = ([tokens(rng, n), batch, length, "cpu", shuffle] for n, batch, length, shuffle in (one, other))
    words = [f"DataLoaderLite(data[:{len(a[0])}], {a[1]}, {a[2]}, shuffle={a[4]})" for a in (made_for, given_to)]
    shown = f"one = {words[0]}  # {steps} batches taken\nother = {words[1]}\nother.load_state_dict(one.state_dict())"
    return check.items(learner.probe("foreign_state", made_for, given_to, steps, shown=shown), 2)


UNLOADED = [(12, 6, 2), (13, 7, 2), (2, 1, 2), (1, 1, 1), (0, 1, 1), (9, 0, 2), (9, 2, 0), (9, -1, 2), (9, 2, -1)]


def test_loader_errors(learner):
    """Sizes below 1, and a dataset without enough windows for one batch, raise ValueError when a loader is made."""
    for n, batch_size, context_length in UNLOADED:
        data = tokens(np.random.default_rng(55), n)
        with check.raises("ValueError"):
            learner.probe("make", data, batch_size, context_length, shown=making(data, batch_size, context_length))


def test_loader_just_enough(learner):
    """A dataset with exactly the windows of one batch is enough."""
    data = tokens(np.random.default_rng(56), 13)
    for batch_size, context_length in ((6, 2), (1, 12), (12, 1)):
        shown = making(data, batch_size, context_length) + "\nlen(loader)"
        check.equal(learner.probe("make", data, batch_size, context_length, shown=shown), 1, what="len(loader)")


def test_loader_device(learner):
    """The loader's batches lie on its device."""
    data = tokens(np.random.default_rng(57), 13)
    for device, batch_size, context_length in (("meta", 2, 3), ("cpu", 2, 3), ("meta", 1, 1), ("cpu", 3, 2)):
        shown = making(data, batch_size, context_length, f", device={device!r}") + "\nloader.next_batch()"
        kinds = learner.probe("loader_kinds", data, batch_size, context_length, device, shown=shown)
        kinds_hold(kinds, batch_size, context_length, device)


@few
@given(salts, sizes(1, 3), st.sampled_from(["int64", "uint16"]), st.booleans())
@example(58, 1, "int64", False)
@example(58, 2, "int64", False)
def test_loader_memory_of_its_own(learner, salt, batch_size, dtype, shuffle):
    """The loader's x and y have memory of their own, too."""
    rng = np.random.default_rng([salt, 20_26])
    data = tokens(rng, 13, dtype)
    shown = (
        making(data, batch_size, 4, f", shuffle={shuffle}")
        + "\nx, y = loader.next_batch(); y.fill_(-100); x.fill_(-100)"
    )
    changed = learner.probe("loader_alone", data, batch_size, 4, shuffle, shown=shown)
    check.that(not changed, changed[0] if changed else "")


def test_loader_of_the_endless(learner):
    """A dataset much larger than memory is no problem: the loader keeps numbers of windows, not tokens."""
    many, context_length = 2**32, 2**15
    shown = f"DataLoaderLite(np.broadcast_to(np.uint16(40_000), 2**32), 2, {context_length}).next_batch()  # 8 GiB"
    kinds = learner.probe("loader_memory", many, 2, context_length, shown=shown)
    kinds_hold(kinds, 2, context_length, "cpu")
