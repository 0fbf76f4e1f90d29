"""The hidden grader of 1.3. The oracle tries the pattern's six alternatives at every place, one character at a time.

It takes letters and numbers from this interpreter's `unicodedata`, as the learner's code does: other versions of Python
have other tables.
"""

import unicodedata
from collections import defaultdict
from functools import cache
from itertools import product, takewhile

from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check
from course.grading.strategies import rngs

# ---------------------------------------------------------------- the definition

WHITE_SPACE = {
    *range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
}  # fmt: skip
LETTER = ("Lu", "Ll", "Lt", "Lm", "Lo")
NUMBER = ("Nd", "Nl", "No")


def is_white(char):
    return ord(char) in WHITE_SPACE


def is_letter(char):
    return unicodedata.category(char) in LETTER


def is_number(char):
    return unicodedata.category(char) in NUMBER


def is_other(char):
    return not (is_white(char) or is_letter(char) or is_number(char))


def kind_of(char):
    if is_white(char):
        return "white space"
    return "a letter" if is_letter(char) else "a number" if is_number(char) else "other"


def run(text, at, holds):
    """How many characters from `at` on have a property."""
    count = 0
    while at + count < len(text) and holds(text[at + count]):
        count += 1
    return count


def ends(text, at):
    """Every place where an alternative that fits at `at` may end, in the order in which the pattern prefers them."""
    for ending in ("s", "d", "m", "t", "ll", "ve", "re"):
        if text.startswith("'" + ending, at):
            yield at + 1 + len(ending)
    for holds in (is_letter, is_number, is_other):
        for first in (at + 1, at) if text[at] == " " else (at,):
            if count := run(text, first, holds):
                yield first + count
    white = run(text, at, is_white)
    for end in range(at + white, at, -1):
        if end == len(text) or is_white(text[end]):
            yield end
    if white:
        yield at + white


def split(text):
    pieces, at = [], 0
    while at < len(text):
        end = next(ends(text, at))
        pieces.append(text[at:end])
        at = end
    return pieces


# ---------------------------------------------------------------- claims


def pieces_of(learner, text):
    """What pretokenize gives, if it is a list of str at all."""
    return list_of_text(learner.pretokenize(text), "pretokenize")


def list_of_text(got, what):
    check.that(isinstance(got, list), f"{what} gave {check.describe(got)}, expected a list")
    for index, piece in enumerate(got):
        check.that(isinstance(piece, str), f"piece {index} is {check.describe(piece)}, expected a str")
    return got


def same_pieces(got, expected):
    """Compare two splits: say at which piece they part, and show both."""
    if got == expected:
        return
    place = next((i for i, (a, b) in enumerate(zip(got, expected, strict=False)) if a != b), None)
    if place is not None:
        summary = f"piece {place} is {shown(got[place])}, expected {shown(expected[place])}"
    elif len(got) < len(expected):
        summary = f"the pieces end after {len(got)}; expected {shown(expected[len(got)])} next"
    else:
        summary = f"there is a piece too many at the end: {shown(got[len(expected)])}"
    check.fail(summary, f"got       {shown(got)}", f"expected  {shown(expected)}")


def shown(value):
    """A text or a list of texts as Python, with combining marks written out: they would hide in their neighbours."""
    text = check.shorten(value, 80)
    return "".join(ascii(char)[1:-1] if unicodedata.category(char)[0] == "M" else char for char in text)


def splits(learner, text, expected=None):
    """The learner's pieces of a text are those of the definition (or these, where a property writes them out)."""
    if expected is not None and expected != split(text):
        raise ValueError(f"the grader disagrees with itself about {text!r}")
    same_pieces(pieces_of(learner, text), split(text))


def kinds_hold(learner, chars):
    """Each character, doubled between a letter and a digit, shows its kind; name the first that is taken wrongly."""
    text = "".join(f"x{char}{char}7" for char in chars)
    got, expected = pieces_of(learner, text), split(text)
    if got == expected:
        return
    agreed = sum(len(one) for one, _ in takewhile(lambda both: both[0] == both[1], zip(got, expected, strict=False)))
    for char in chars[max(agreed // 4 - 1, 0) : agreed // 4 + 2]:
        alone = f"x{char}{char}7"
        if (found := pieces_of(learner, alone)) != split(alone):
            check.fail(
                f"{named(char)} is {kind_of(char)}",
                f"got       {shown(found)}",
                f"expected  {shown(split(alone))}",
            )
    same_pieces(got, expected)


def named(char):
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X} {name and name + ' '}({unicodedata.category(char)})"


# ---------------------------------------------------------------- the inputs


@cache
def by_category():
    """Every third character of the first two planes, white space left out, by its category."""
    found = defaultdict(list)
    for char in map(chr, range(0x21, 0x20000, 3)):
        if not is_white(char):
            found[unicodedata.category(char)].append(char)
    return found


def pool(*categories, most=24):
    """Some characters of each category, spread over those planes."""
    return [char for name in categories for char in by_category()[name][:: len(by_category()[name]) // most + 1]]


CASED = "etaoinshrdlumvDLMRSTVE"
ENDINGS = ["s", "d", "m", "t", "ll", "ve", "re"]
MARKS = ["\u0301", "\u0308", "\u093f", "\u20e3", "\ufe0f"]
EMOJI = ["👩\u200d🔬", "👍🏽", "🇫🇷", "❤\ufe0f"]
WORDS = ["we", "I", "naïve", "Straße", "мир", "東京", "שלום", "ǅ", "ʰa", "ªo", "𝔘𝔫", "ꙮ", "ไทย", "三月"]
FIGURES = ["7", "1984", "²", "½", "Ⅷ", "٣", "𝟘", "①", "〇"]
SIGNS = ["!", "...", "-", "_", "’", "«", "€", "+", "(", "\0", "\x1b", "\u200b", "\ufeff", "\ue000", "\ud800", *MARKS]
BLANKS = [" ", "  ", "\n", "\t", "\r\n", "\xa0", "\x85", "\u2028", "\u3000", "   ", " \n", "\n "]
QUOTED = ["'s", "'t", "'ll", "'ve", "'re", "'d", "'m", "'", "'S", "'LL", "'l", "'sure", "''"]

letters = st.text(st.sampled_from(CASED), min_size=1, max_size=5)
words = st.one_of(st.sampled_from(WORDS), letters)
signs = st.sampled_from(SIGNS + EMOJI)
figures = st.sampled_from(FIGURES)
anything = st.sampled_from([*WORDS, *FIGURES, *SIGNS, *EMOJI, *BLANKS, *QUOTED, "\x1c", "\x1f"])
texts = st.lists(anything, max_size=10).map("".join)
white = st.text(st.sampled_from(" \n\t\r\xa0\u3000"), min_size=1, max_size=5)
quoting = st.text(st.sampled_from("'stdmlveraS! \n7"), max_size=10)
spaces = st.text(st.sampled_from(" \n\ta"), max_size=9)

few = settings(max_examples=10)


# ---------------------------------------------------------------- nothing is lost


def test_empty_text(learner):
    """The empty text has no pieces: the list is empty."""
    same_pieces(pieces_of(learner, ""), [])


@given(texts)
@example(" ")
@example(" a \n")
@example("e\u0301 ﬁ Å")
@example("a\r\nb\u2028c\0")
def test_joined(learner, text):
    """The pieces, joined, are the text again, and none of them is empty."""
    pieces = pieces_of(learner, text)
    joined = "".join(pieces)
    check.that(joined == text, f"joined, the pieces are {shown(joined)}, expected {shown(text)}")
    check.that("" not in pieces, f"one of the pieces is empty: {shown(pieces)}")


# ---------------------------------------------------------------- runs of one kind


@given(words, st.sampled_from(WORDS))
@example("été", "ʰªǅ")
def test_letters(learner, first, second):
    """A run of letters is one piece, whatever their script, case or plane of Unicode."""
    splits(learner, first + second, [first + second])


@given(st.lists(st.sampled_from(pool(*LETTER)), min_size=1, max_size=4).map("".join))
def test_all_kinds_of_letters(learner, run_of_letters):
    """All five categories are letters: capital, small, title case, modifier and other."""
    splits(learner, run_of_letters, [run_of_letters])


@given(st.lists(st.sampled_from(pool(*NUMBER)), min_size=1, max_size=5).map("".join))
@example("1984")
@example("1000000")
@example("7²٣½Ⅷ")
@example("x²")
def test_numbers(learner, run_of_numbers):
    """A run of numbers is one piece, of any length: digits, fractions, Roman numerals, superscripts."""
    splits(learner, run_of_numbers)


@given(words, figures, words)
def test_letters_and_numbers_part(learner, before, number, after):
    """Letters and numbers stand in different pieces."""
    splits(learner, before + number + after)


@given(letters, words)
@example("snake", "case")
def test_underscore(learner, before, after):
    """The underscore is neither a letter nor a number."""
    splits(learner, f"{before}_{after}", [before, "_", after])


@given(words, st.sampled_from(MARKS), words)
@example("cafe", "\u0301", "s")
def test_combining_marks(learner, before, mark, after):
    """A combining mark is no letter: it stands in a piece of its own between two runs of letters."""
    splits(learner, before + mark + after, [before, mark, after])


@given(st.lists(signs, min_size=1, max_size=4).map("".join))
@example("!?")
@example("(...)")
@example("+!")
@example("!_\u0301👩\u200d🔬+")
def test_others(learner, run_of_others):
    """A run of characters that are neither white space nor letters nor numbers is one piece, however mixed."""
    splits(learner, run_of_others, [run_of_others])


@given(words, signs, st.sampled_from(["", "!"]), words)
def test_signs_between_words(learner, before, sign, more, after):
    """A run of other characters ends where a word begins, and has no part of it."""
    splits(learner, before + sign + more + after, [before, sign + more, after])


@few
@given(words, signs, st.sampled_from(["\n", "\r\n", "\t", "\n\n"]), words)
@example("so", ".", "\n", "we")
def test_white_space_after_signs(learner, before, sign, blank, after):
    """A run of other characters ends where white space begins, be it the end of a line."""
    splits(learner, before + sign + blank + after)


# ---------------------------------------------------------------- spaces


@given(words, st.one_of(words, figures, signs))
@example("we", "7")
@example("we", "!")
def test_a_space_goes_with_what_follows(learner, before, after):
    """A single space stands at the front of the piece that follows, be it letters, numbers or other characters."""
    splits(learner, f"{before} {after}", [before, " " + after])


@few
@given(st.one_of(words, figures, signs))
def test_a_space_at_the_start(learner, after):
    """A space that begins the text goes with what follows, too."""
    splits(learner, " " + after, [" " + after])


@given(st.integers(2, 6), st.one_of(words, figures, signs))
def test_several_spaces(learner, count, after):
    """Of several spaces the last goes with what follows; the others are one piece."""
    splits(learner, "a" + " " * count + after, ["a", " " * (count - 1), " " + after])


@given(words, st.sampled_from("\t\n\r\xa0\u2009\u3000\u2028"), st.one_of(words, figures, signs))
def test_only_a_space_goes_along(learner, before, blank, after):
    """Other white space never joins what follows: a lone tab, newline or no-break space is a piece of its own."""
    splits(learner, before + blank + after, [before, blank, after])


@given(white, st.one_of(words, figures))
@example("\n\n", "a")
@example(" \n", "a")
@example("\n\n\n\n", "7")
def test_white_space_before_something(learner, blanks, after):
    """The last character of a run of white space before something else is never in one piece with the rest."""
    splits(learner, "a" + blanks + after)


@given(words, white)
@example("a", " ")
@example("a", "   ")
@example("a", " \r\n")
def test_white_space_at_the_end(learner, before, blanks):
    """White space at the end of the text is one piece, with all its characters."""
    splits(learner, before + blanks, [before, blanks])


@few
@given(white)
def test_nothing_but_white_space(learner, blanks):
    """A text of nothing but white space is one piece."""
    splits(learner, blanks, [blanks])


@few
@given(st.text(st.sampled_from("a7! b"), min_size=1, max_size=4), st.sampled_from(["\r\n", "\r\n\r\n"]))
@example("a", "\r\n")
def test_lines_ended_by_two_characters(learner, before, end):
    """The carriage return and the newline are two characters of white space like any other, and both stay."""
    splits(learner, before + end + "b")


@settings(max_examples=30)
@given(spaces)
@example("a  \n  a")
@example("\n\na \na")
def test_spaces_and_newlines_mixed(learner, text):
    """Any mixture of spaces, tabs, newlines and letters is cut as the pattern says."""
    splits(learner, text)


# ---------------------------------------------------------------- contractions


@given(words, st.sampled_from(ENDINGS))
@example("we", "d")
@example("we", "m")
@example("we", "ll")
def test_contractions(learner, word, ending):
    """The seven endings 's 'd 'm 't 'll 've 're after a word are pieces of their own, apostrophe included."""
    splits(learner, f"{word}'{ending} so", [word, "'" + ending, " so"])


@given(st.sampled_from(ENDINGS), st.sampled_from(["", "x", "ure", "é", "l", "s"]), st.sampled_from(["", "!", " a"]))
@example("s", "ure", "")
@example("ll", "x", "")
def test_contractions_inside_words(learner, ending, rest, after):
    """A contraction is taken wherever a piece begins with one: at the start of the text, and with letters after it."""
    splits(learner, f"'{ending}{rest}{after}")


@few
@given(st.sampled_from([ending.upper() for ending in ENDINGS] + ["Ll", "vE", "Re"]), st.sampled_from(["", " so"]))
@example("T", "")
def test_contractions_are_small(learner, ending, after):
    """Capital letters make no contraction: the apostrophe and the letters are two pieces."""
    splits(learner, f"DON'{ending}{after}", ["DON", "'", ending, *([after] if after else [])])


@few
@given(st.sampled_from([*ENDINGS, "clock", "em", "a"]), st.sampled_from("’ʼ`′"))
def test_other_apostrophes(learner, ending, quote):
    """Only U+0027 makes a contraction; the typographic apostrophe and its kin don't."""
    splits(learner, f"we{quote}{ending}")


@few
@given(words, st.sampled_from(["clock", "em", "a", "l", "v", "r", "lo", "n"]))
def test_other_endings(learner, word, ending):
    """Other letters after an apostrophe make no contraction."""
    splits(learner, f"{word}'{ending}", [word, "'", ending])


@given(st.sampled_from([" ", "  ", "\n ", "!", "''", " !", "7", "\n", "a\t", "_"]), st.sampled_from(ENDINGS))
@example(" ", "s")
@example("'", "s")
@example("!", "t")
def test_apostrophes_inside_a_run(learner, before, ending):
    """An apostrophe that a space or a run of other characters has already taken begins no contraction."""
    splits(learner, f"{before}'{ending}")


@few
@given(st.sampled_from(ENDINGS), st.sampled_from(ENDINGS))
def test_contractions_in_a_row(learner, first, second):
    """Contractions may follow each other."""
    splits(learner, f"we'{first}'{second}", ["we", "'" + first, "'" + second])


@settings(max_examples=30)
@given(quoting)
@example("'s's")
@example("'sur'll''ve 're")
def test_apostrophes_anywhere(learner, text):
    """Apostrophes anywhere, among letters, signs and spaces, are cut as the pattern says."""
    splits(learner, text)


# ---------------------------------------------------------------- every character


def test_white_space(learner):
    """White space is exactly the 25 characters of the list."""
    alike = {0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x08, 0x0E, 0x200B, 0x2060, 0xFEFF, 0x180E, 0x2800, 0x3164, 0, 0x7F}
    kinds_hold(learner, [chr(point) for point in sorted(WHITE_SPACE | alike)])


@few
@given(words, st.sampled_from("\x1c\x1d\x1e\x1f"), st.sampled_from(["", " ", "\n"]), words)
def test_separators_are_no_white_space(learner, before, separator, blank, after):
    """The control characters U+001C to U+001F are other characters, not white space."""
    splits(learner, before + blank + separator + separator + after)


@settings(max_examples=4)
@given(rngs())
def test_every_kind(learner, rng):
    """Each character of Unicode is of the kind that its category says: letter, number, white space or other."""
    points = [*rng.integers(0, 0x3400, 150), *rng.integers(0x3400, 0x20000, 60), *rng.integers(0x20000, 0x110000, 20)]
    kinds_hold(learner, [chr(point) for point in points])


def test_edges_of_the_kinds(learner):
    """Where the tables of Unicode pass from one kind to another, each side is of its own kind."""
    for start in range(0, len(edges()), 100):
        kinds_hold(learner, edges()[start : start + 100])


@cache
def edges():
    """The characters of the first two planes whose neighbour is of another kind, and a few of the other planes."""
    kinds = [unicodedata.category(chr(point))[0] for point in range(0x20000)]
    kinds = [" " if point in WHITE_SPACE else kind if kind in "LN" else "" for point, kind in enumerate(kinds)]
    changes = [point for point in range(1, 0x20000) if kinds[point] != kinds[point - 1]]
    beyond = {0x20000, 0x2A6D0, 0x30000, 0x3FFFF, 0xE0100, 0xF0000, 0x10FFFF}
    return [chr(point) for point in sorted({p for change in changes for p in (change - 1, change)} | beyond)]


# ---------------------------------------------------------------- the whole


def test_short_texts(learner):
    """Every text of one to three characters is cut as the pattern says."""
    for length in (1, 2, 3):
        for text in map("".join, product(" \n'sa7!", repeat=length)):
            splits(learner, text)


@settings(max_examples=30)
@given(texts)
def test_pattern(learner, text):
    """Any text is cut as the pattern says."""
    splits(learner, text)


@few
@given(texts)
@example("to be, or not to be")
def test_lists_of_their_own(learner, text):
    """Each call returns a new list: what the caller does with it does not show in the next."""
    text = "¶" + text  # a text that no other property uses: a version that shares lists would spoil it for them
    python = f"pretokenize(text).clear(); pretokenize(text)  # text = {text!r}"
    again = list_of_text(learner.probe("after_clearing", text, shown=python), "the second call")
    same_pieces(again, split(text))


def test_long_pieces(learner):
    """A piece may have any length."""
    word, blanks = "é" * 66_000, " " * 3_000
    splits(learner, f"a {word}{blanks}7")


def test_many_pieces(learner):
    """A text may have any number of pieces: Python's recursion limit is neither met nor moved."""
    seen = learner.probe("recursion", "to be " * 600, shown='pretokenize("to be " * 600)')
    check.that(not seen["met"], "RecursionError: each piece was one call deeper than the last")
    check.that(not seen["moved"], "Python's recursion limit was changed")
    check.equal(seen["pieces"], 1201, what="the number of pieces")


def test_linear_time(learner):
    """Eight times the text, eight times the work: time grows with the length of the text, no faster."""
    line = "Does it do so? It's 7 o'clock,\n  or 8.\n"
    for name in ("pretokenize", "iter_pretokens"):
        seen = learner.probe("work_grows", name, line * 3, 8, shown=f"list({name}({line!r} * 24))")
        check.that(
            not seen["faster than the text"],
            f"for eight times the text {name} ran far more than eight times the lines, or copied far more characters",
        )


# ---------------------------------------------------------------- the iterator


@given(texts)
@example("It's so.  \n")
@example("")
def test_iterator(learner, text):
    """iter_pretokens gives an iterator over the same pieces; at its end it stays ended."""
    python = f"pieces = iter_pretokens({text!r}); list(pieces); next(pieces, None)"
    seen = learner.probe("walk", text, shown=python)
    check.that(not seen["type"], f"next does not work on what iter_pretokens gave: a {seen['type']} is no iterator")
    check.that(seen["same"], "iter(pieces) is not pieces itself, as it is for every iterator")
    same_pieces(list_of_text(seen["pieces"], "iter_pretokens"), split(text))
    check.that(seen["after"] is None, f"after its end the iterator gave one more piece: {check.shorten(seen['after'])}")


@few
@given(st.lists(texts, min_size=2, max_size=3))
@example(["to be, or not", "it's so"])
def test_iterators_taking_turns(learner, several):
    """Several iterators may be under way at once, and each gives the pieces of its own text."""
    python = f"walks = [iter_pretokens(text) for text in {several!r}]  # and then next on each in turn"
    for text, pieces in zip(several, learner.probe("taking_turns", several, shown=python), strict=True):
        same_pieces(list_of_text(pieces, "iter_pretokens"), split(text))


PROSE = "To be, or not: it's 7 o'clock,\n  naïve «café».\n"


def test_the_first_piece(learner):
    """The first piece costs the same work however long the text is."""
    seen = learner.probe("first_piece", PROSE, 100, shown=f"next(iter_pretokens({PROSE!r} * 100))")
    check.equal(seen["piece"], "To", what="the first piece")
    check.that(not seen["grows"], "the code went through the whole text before it gave the first piece")


def test_memory_ahead(learner):
    """The first pieces take the same memory however long the text is: no copy of it, no list of what is to come."""
    seen = learner.probe("memory_ahead", PROSE * 100, 4, shown=f"next(iter_pretokens({PROSE!r} * 400))")
    check.that(not seen["grows"], "with four times the text, far more memory was held before the first pieces were out")


def test_memory_behind(learner):
    """Pieces that were given are not kept."""
    text = PROSE * 200 + "END"
    python = f"for piece in iter_pretokens({PROSE!r} * 200): pass"
    seen = learner.probe("memory_behind", text, 1500, shown=python)
    check.that(not seen["kept"], "after a walk over thousands of pieces, memory was held for each of them")
