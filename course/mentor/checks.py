"""`CHECK: expression == value` lines: computed, and held against what was said."""

from __future__ import annotations

import ast
import re
import warnings

import numpy as np

from course.grading import expressions
from course.grading.expressions import NotAllowed
from course.mentor.agreement import Agreement, agrees, alike, quoted, show
from course.mentor.claims import Claim, Kind, Result
from course.mentor.reply import CheckLine, any_word
from course.mentor.workbench import Workbench, bare_calls, speaks_of

MOST = 40

# What people type for “equals” and in numbers. `a = b` is read as `a == b` where no argument can be meant.
_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "×": "*", "·": "*", "≤": "<=", "≥": ">=", "≠": "!=", "’": "'", "\u00a0": " "}
)
_ABOUT = re.compile(r"\s*(?:≈|≃|≅|~=|~(?=\s*[-+\d\[(]))\s*")
# What may stand behind a value and changes nothing: what is counted, or a tick.
_TAIL = re.compile(
    r"\s+(?:param(?:eter)?s?|bytes?|bits?|nats?|flops|elements?|numbers?|values?|calls?|operations?|rows?|columns?"
    r"|entries|exactly)$|\s*[✓✔✅☑👍🙂😀🎉]+️?$",
    re.IGNORECASE,
)
# Where a claim may end and a sentence go on: `== 0.5. So …`, `== 0.5 (by symmetry)`.
_STOP = re.compile(r"[.!?;:,](?=\s+[^\W\d_])|\s[—–](?=\s)|\s\((?=[^\W\d_]+\s)|\s*(?:→|⇒|=>|->)")
# Words before a CHECK that speak about it, instead of claiming it.
_SPOKEN_OF = any_word(
    r"""
    retract | withdr[ae]w | take (?:it |that |this )?back | wrong(?:ly)? | false(?:ly)? | mistaken(?:ly)? |
    incorrect(?:ly)? | not true | never | instead of | don't | do not | would | could | if | whether | which of |
    suppose | imagine | zurück | falsch | retiro | faux
    """,
    also=r"\?\s*$",
)
_RESULT = {Agreement.YES: Result.CONFIRMED, Agreement.NO: Result.REFUTED, Agreement.UNDECIDED: Result.NOT_VERIFIED}
_EXACT = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.NotEq)


def check_lines(bench: Workbench, lines: tuple[CheckLine, ...]) -> list[Claim]:
    """Decide every CHECK line of a reply, at most forty."""
    claims = [_decide(bench, line) for line in lines[:MOST]]
    return claims + [_undecided(line.claim, f"only the first {MOST} are computed") for line in lines[MOST:]]


def _undecided(line: str, why: str) -> Claim:
    return Claim(Kind.CHECK, Result.NOT_VERIFIED, line[:300], why)


def _decide(bench: Workbench, check: CheckLine) -> Claim:
    line = check.claim
    try:
        if _SPOKEN_OF.search(check.before):
            raise NotAllowed("the words before it do not claim it")
        source, about = _source(line)
        tree = expressions.parse(source, bench.functions)
        if bare := bare_calls(tree, bench.functions):
            return _either(bench, line, source, about, bare)
        side = "mine" if "mine" in speaks_of(tree) else "expected"
        return _claim(line, *_compared(bench, tree, source, about, side))
    except NotAllowed as error:
        return _undecided(line, str(error))


def _source(line: str) -> tuple[str, bool]:
    """The expression, without what a sentence puts behind it, and whether it was written with ≈."""
    text = line.partition("#")[0].strip()
    if len(text) > expressions.MAX_SOURCE:
        raise NotAllowed(f"it is longer than {expressions.MAX_SOURCE} characters")
    about = bool(_ABOUT.search(text))
    text = _ABOUT.sub(" == ", text, count=1)
    sign = max(text.find("=="), 0)
    stops = [found.start() for found in _STOP.finditer(text, sign)]
    for end in (len(text), *stops[:3]):
        one = _TAIL.sub("", text[:end].strip()).translate(_SIGNS).strip()
        if _parses(one):
            return one, about
    return text.translate(_SIGNS), about


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _claim(line: str, agreement: Agreement, truth: str) -> Claim:
    return Claim(Kind.CHECK, _RESULT[agreement], line[:300], truth)


def _either(bench: Workbench, line: str, source: str, about: bool, bare: set[str]) -> Claim:
    """A function named alone may be the learner's or the reference's: decided where both give the same answer."""
    found = [
        _compared(bench, expressions.parse(_named(source, bare, side), bench.functions), source, about, side)
        for side in ("mine", "expected")
    ]
    if len({agreement for agreement, _ in found}) == 1:
        return _claim(line, *found[0])
    name = sorted(bare)[0]
    both = f"your {name}: {found[0][1]}; the reference: {found[1][1]}; say mine.{name} or expected.{name}"
    return _undecided(line, both)


def _named(source: str, bare: set[str], side: str) -> str:
    return re.sub(r"(?<![\w.])(" + "|".join(map(re.escape, sorted(bare))) + r")(?=\s*\()", rf"{side}.\1", source)


def _compared(bench: Workbench, tree: ast.expr, source: str, about: bool, side: str) -> tuple[Agreement, str]:
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or not isinstance(tree.ops[0], ast.Eq):
        return _true_or_false(bench, tree, side)
    # The digits stand in the source as it was written, before a side was put in front of a name.
    plain = ast.parse(source.strip(), mode="eval").body
    assert isinstance(plain, ast.Compare)
    left, right = tree.left, tree.comparators[0]
    for literal, computed in ((plain.comparators[0], left), (plain.left, right)):
        if (claimed := quoted(literal, source.strip())) is not None:
            true = bench.value(computed, side)
            return agrees(claimed, true, about=about), f"it is {show(true)}"
    one, two = bench.value(left, side), bench.value(right, side)
    rounded = about or any(isinstance(n, ast.Constant) and isinstance(n.value, float) for n in ast.walk(tree))
    return alike(one, two, rounded=rounded), f"the one side is {show(one)}, the other {show(two)}"


def _true_or_false(bench: Workbench, tree: ast.expr, side: str) -> tuple[Agreement, str]:
    """A claim that is true or false by itself: `a < b`, `np.allclose(a, b)`."""
    if not isinstance(tree, ast.Compare | ast.BoolOp | ast.Call) and not (
        isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    ):
        raise NotAllowed("it claims nothing: write expression == value")
    found = bench.value(tree, side)
    if isinstance(found, np.bool_):
        found = bool(found)
    if not isinstance(found, bool):
        raise NotAllowed(f"it claims nothing: it is {show(found)}")
    if not found and isinstance(tree, ast.Compare) and len(tree.ops) == 1 and isinstance(tree.ops[0], _EXACT):
        one, two = bench.value(tree.left, side), bench.value(tree.comparators[0], side)
        if not isinstance(tree.ops[0], ast.NotEq) and alike(one, two, rounded=True) is not Agreement.NO:
            return Agreement.UNDECIDED, f"the two are nearly the same: {show(one)} and {show(two)}"
        return Agreement.NO, f"the one side is {show(one)}, the other {show(two)}"
    return (Agreement.YES if found else Agreement.NO), f"it is {found}"
