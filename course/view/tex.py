"""Turn a TeX formula into plain Unicode text that a terminal can show: `\\frac{QK^\\top}{\\sqrt{d_k}}` → `QKᵀ/√dₖ`.

No library: unicodeit leaves `\\frac` as it is, pylatexenc loses its brackets (`m_t/1-β_1^t`) and takes 16 ms to import.

A small recursive-descent translator. A formula is read into *pieces*, each a text and a kind; the kinds decide, as
TeX's own atoms do, where spaces, brackets and `·` stand. What it does not do: two-dimensional layout, macros, equation
numbers. An unknown command comes out as its name, and a broken formula as far as it can be read; nothing raises.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from course.view.symbols import (
    ACCENTS,
    ALPHABETS,
    CHARACTERS,
    CLEAR_SUBSCRIPT,
    CLEAR_SUPERSCRIPT,
    PAD,
    QUAD,
    SCRIPTS,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    SYMBOLS,
    Piece,
    words,
)


def to_unicode(tex: str) -> str:
    r"""Make a TeX formula readable as plain text: one line, or one per row of `aligned` and `\\`."""
    try:
        text = _Parser(tex).formula()
    except RecursionError:  # thousands of nested braces: nobody's formula, but no reason to fail
        text = " ".join(tex.split())
    return text.replace(PAD, " ")


# --- reading --------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""\s*+(
    \\(?:operatorname\*|hspace\*|[A-Za-z]+|.)  # a command
    | (?<![(\[,])\d{1,3}(?:,\d{3}(?!\d))+      # 1,000,000; but (1,768) is a shape
    | \d+(?:\.\d+)?|\.\d+
    | :=|==|<=|>=|!=|->|\|\|                    # what is typed as two characters and read as one sign
    | .)""",
    re.DOTALL | re.VERBOSE,
)
_ROW_ENDS = frozenset([r"\\", r"\cr", r"\newline"])
_STOPS = frozenset(["}", "&", r"\end", *_ROW_ENDS])
_MATRICES = {
    **dict.fromkeys(["matrix", "smallmatrix", "array", "pmatrix", "bmatrix"], "[]"),
    "Bmatrix": "{}",
    "vmatrix": "||",
    "Vmatrix": "‖‖",
}

Cell = list[Piece]


class _Parser:
    """Read TeX from left to right; every method takes what it names and leaves the rest."""

    def __init__(self, tex: str) -> None:
        self.tex = tex
        self.at = 0

    def formula(self) -> str:
        rows = self._rows()
        while self._next() is not None:  # an \end without its \begin
            self._raw_argument()
            rows += self._rows()
        text = _aligned(rows).strip("\n")
        return text if "\n" in text else text.strip(PAD + " ")

    def _peek(self) -> str | None:
        match = _TOKEN.match(self.tex, self.at)
        return match[1] if match else None

    def _next(self) -> str | None:
        match = _TOKEN.match(self.tex, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[1]

    def _take(self, token: str) -> bool:
        found = self._peek() == token
        if found:
            self._next()
        return found

    def _rows(self) -> list[list[Cell]]:
        rows: list[list[Cell]] = [[[]]]
        while (token := self._peek()) not in (None, r"\end"):
            if token in _STOPS:
                self._next()
                if token in _ROW_ENDS:
                    self._option()
                    rows.append([[]])
                elif token == "&":
                    rows[-1].append([])
            else:
                rows[-1][-1] += self._scripted()
        return [row for row in rows if any(row)]

    def _until(self, stop: str) -> Cell:
        """Take the pieces up to `stop` and `stop` itself; rows inside, as in a substack, are put after semicolons."""
        pieces: Cell = []
        while (token := self._peek()) not in (None, stop, r"\end"):
            if token in _STOPS:
                self._next()
                pieces += [Piece(";", "p")] if token in _ROW_ENDS else []
            else:
                pieces += self._scripted()
        self._take(stop)
        return pieces

    def _option(self) -> Cell:
        return self._until("]") if self._take("[") else []

    def _argument(self) -> Cell:
        r"""Take what a command or a script applies to: a group, a command, or one character (`\frac12`)."""
        token = self._peek()
        if token is None or token in _STOPS:
            return []
        if token[0].isdigit():
            self.at = self.tex.index(token[0], self.at) + 1
            return [Piece(token[0], "n")]
        return self._atom()

    def _raw_argument(self) -> str:
        if not self._take("{"):
            return self._next() or ""
        start, depth = self.at, 1
        for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(self.tex, start):
            depth += {"{": 1, "}": -1}.get(match[0], 0)
            if depth == 0:
                self.at = match.end()
                return self.tex[start : match.start()]
        self.at = len(self.tex)
        return self.tex[start:]

    def _atom(self) -> Cell:
        token = self._next() or ""
        if token == "{":
            return _group(self._until("}"))
        if token[0] == "\\" and len(token) > 1:
            return self._command(token[1:])
        if token == ":":  # a colon is set as the author typed it: f: X → Y, but 1:n
            return [Piece(":", "p" if self.tex[self.at : self.at + 1].isspace() else "o")]
        return [CHARACTERS.get(token) or Piece(token, "n" if token[-1].isdigit() else "o")]

    def _scripted(self) -> Cell:
        """Take an atom with all its subscripts, superscripts and primes."""
        base = self._atom()
        sub: Cell = []
        sup: Cell = []
        primes = ""
        while (token := self._peek()) in ("_", "^", "'", r"\limits", r"\nolimits"):
            self._next()
            if token == "_":
                sub += self._argument()
            elif token == "^":
                sup += self._argument()
            elif token == "'":
                primes += "′"
        return [_with_scripts(base, sub, sup, primes)] if sub or sup or primes else base

    def _command(self, name: str) -> Cell:
        if name in SYMBOLS:
            return [SYMBOLS[name]]
        handler = _HANDLERS.get(name)
        return handler(self, name) if handler else [_word(name) if name.strip() else Piece(" ", "s")]

    def _ignored(self, _name: str) -> Cell:
        return []

    def _dropped(self, _name: str) -> Cell:
        self._raw_argument()
        return []

    def _hspace(self, _name: str) -> Cell:
        self._raw_argument()
        return [Piece(" ", "s")]

    def _kept(self, _name: str) -> Cell:
        return self._argument()

    def _coloured(self, _name: str) -> Cell:
        self._raw_argument()
        return self._argument()

    def _in_alphabet(self, name: str) -> Cell:
        return [Piece(_join(self._argument(), tight=True).translate(ALPHABETS[name]), "o")]

    def _accent(self, name: str) -> Cell:
        return [_accented(name, self._argument())]

    def _text(self, _name: str) -> Cell:
        return [_word(_plain_text(self._raw_argument()))]

    def _upright(self, _name: str) -> Cell:
        return [_word(_join(self._argument(), tight=True))]

    def _delimiter(self, size: str) -> Cell:
        r"""Take the bracket after \left, \right, \middle or \big…; the command says which side it stands on."""
        if self._take("."):
            return []
        side = {"left": "(", "right": ")", "middle": "r"}.get(size) or {"l": "(", "r": ")", "m": "r"}.get(size[-1])
        angle = {"<": Piece("⟨", "("), ">": Piece("⟩", ")")}.get(self._peek() or "")
        pieces = [angle] if angle and self._next() else self._argument()
        return [Piece(piece.text, side or piece.kind) for piece in pieces]

    def _fraction(self, _name: str) -> Cell:
        return [_fraction(self._argument(), self._argument())]

    def _binomial(self, _name: str) -> Cell:
        return [_word("C"), Piece(f"({_join(self._argument())}, {_join(self._argument())})", "o")]

    def _root(self, _name: str) -> Cell:
        degree = _join(self._option(), tight=True)
        sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(degree) or _script([Piece(degree, "o")], "^")[0] + "√"
        content = self._argument()
        if _outline(content) in ("o", "n", "w"):
            return [Piece(sign + _join(content), "√")]
        return [Piece(f"{sign}({_join(content)})", "o")]

    def _brace(self, _name: str) -> Cell:
        content = self._argument()
        note = self._argument() if self._take("_") or self._take("^") else []
        return [*content, Piece(f" ({_join(note)})", "w")] if note else content

    def _stacked(self, _name: str) -> Cell:
        above, base = self._argument(), self._argument()
        return [_with_scripts(base, [], above, "")]

    def _underset(self, _name: str) -> Cell:
        below, base = self._argument(), self._argument()
        return [_with_scripts(base, below, [], "")]

    def _arrow(self, _name: str) -> Cell:
        self._option()
        return [Piece(f"─{_join(self._argument(), tight=True)}→", "r")]

    def _negated(self, _name: str) -> Cell:
        return [Piece(unicodedata.normalize("NFC", _join(self._argument()) + "\u0338"), "r")]

    def _modulo(self, _name: str) -> Cell:
        return [Piece(f" (mod {_join(self._argument())})", "o")]

    def _environment(self, _name: str) -> Cell:
        enclosed = self.tex[: self.at].removesuffix(r"\begin").rstrip().endswith(("(", "[", r"\{", "|"))
        name = self._raw_argument().rstrip("*")
        if name in ("array", "alignedat", "alignat", "tabular"):
            self._raw_argument()
        rows = self._rows()
        if self._take(r"\end"):
            self._raw_argument()
        if name in _MATRICES:
            return [_matrix(rows, "" if enclosed and name in ("array", "matrix", "smallmatrix") else _MATRICES[name])]
        return [_cases(rows) if name in ("cases", "dcases", "rcases") else Piece(_aligned(rows), "o")]


_HANDLERS: dict[str, Callable[[_Parser, str], Cell]] = {
    **dict.fromkeys(
        words("displaystyle textstyle scriptstyle limits nolimits nonumber notag hline mathstrut rm bf it !"),
        _Parser._ignored,
    ),
    **dict.fromkeys(words("label tag color vspace phantom vphantom hphantom"), _Parser._dropped),
    **dict.fromkeys(
        words("boxed mathop mathbin mathrel mathord mathopen mathclose ensuremath mathfrak cancel smash substack"),
        _Parser._kept,
    ),
    **dict.fromkeys(words("hspace hspace*"), _Parser._hspace),
    **dict.fromkeys(words("text textrm textbf textit texttt textsf textnormal mbox hbox emph"), _Parser._text),
    **dict.fromkeys(words("mathrm mathsf mathtt mathit mathnormal operatorname operatorname*"), _Parser._upright),
    **dict.fromkeys(
        words("left right middle big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm"),
        _Parser._delimiter,
    ),
    **dict.fromkeys(ALPHABETS, _Parser._in_alphabet),
    **dict.fromkeys(ACCENTS, _Parser._accent),
    **dict.fromkeys(words("frac dfrac tfrac cfrac"), _Parser._fraction),
    **dict.fromkeys(words("binom dbinom tbinom"), _Parser._binomial),
    **dict.fromkeys(words("underbrace overbrace"), _Parser._brace),
    **dict.fromkeys(words("overset stackrel"), _Parser._stacked),
    "underset": _Parser._underset,
    "xrightarrow": _Parser._arrow,
    "textcolor": _Parser._coloured,
    "sqrt": _Parser._root,
    "not": _Parser._negated,
    "pmod": _Parser._modulo,
    "begin": _Parser._environment,
}


# --- writing --------------------------------------------------------------------------------------------------------


def _join(pieces: Iterable[Piece], *, tight: bool = False, before: str = "(") -> str:
    """Write pieces as text; `tight` is the spacing of scripts, `before` the kind of what stands to the left."""
    text, left, space = "", before, ""
    for piece in _settled(pieces, before):
        if piece.kind == "s":
            space = "" if tight else piece.text
            continue
        gap = _tight_gap(left, piece.kind) if tight else _gap(left, piece.kind)
        text += space if PAD in space else gap or ("" if left in "(u" or piece.kind in ")p" else space)
        text += _indented(piece.text, text)
        left, space = piece.kind, ""
    return re.sub(" {2,}", " ", text)


def _indented(text: str, before: str) -> str:
    """Keep the lines of a formula within a formula below its first one."""
    return text.replace("\n", "\n" + PAD * _width(before.rpartition("\n")[2])) if "\n" in text else text


def _gap(left: str, right: str) -> str:
    if left in "(ud" or right in ")pd":
        return ""
    if left in "brpS" or right in "brS":
        return " "
    if left == "∂":
        return ""
    if left in "/√" or right == "/":  # 1/N · x, lest the x seem to stand below the line
        return " · "
    if left in "fw":
        return "" if right == "(" else " "
    return " " if right in "fw" else ""


def _tight_gap(left: str, right: str) -> str:
    return "" if left in "brp" or right in "brp" else _gap(left, right).replace(" · ", "·")


def _settled(pieces: Iterable[Piece], before: str = "(") -> Iterator[Piece]:
    """Decide what depends on the neighbours: bars, unary signs, and brackets for a fraction after a function."""
    row = _with_bars_paired(list(pieces))
    for piece, follower in zip(row, [*row[1:], Piece("", "o")], strict=False):
        if piece.kind == "b" and (before in "(brpSfud" or follower.kind in ")rp"):
            yield Piece(piece.text, "u")
        elif piece.kind == "/" and before in "f∂":
            yield from (Piece("(", "("), piece, Piece(")", ")"))
        else:
            yield piece
        before = before if piece.kind == "s" else piece.kind


def _with_bars_paired(pieces: Cell) -> Cell:
    """Make bars open and close in turn within each pair of brackets; an odd number of them means "given"."""
    levels: list[dict[str, list[int]]] = [{}]
    paired = list(pieces)
    for i, piece in enumerate(pieces):
        if piece.kind == "(":
            levels.append({})
        elif piece.kind == ")" and len(levels) > 1:
            _pair_bars(paired, levels.pop())
        elif piece.kind == "|":
            levels[-1].setdefault(piece.text[0], []).append(i)
    for level in levels:
        _pair_bars(paired, level)
    return paired


def _pair_bars(pieces: Cell, bars: dict[str, list[int]]) -> None:
    for places in bars.values():
        for turn, i in enumerate(places):
            pieces[i] = Piece(pieces[i].text, "r" if len(places) % 2 else "()"[turn % 2])


def _outline(pieces: Iterable[Piece]) -> str:
    """Give the kinds outside all brackets; a bracketed part shows as `()`."""
    outline, depth = "", 0
    for piece in _settled(pieces):
        depth = max(depth - (piece.kind == ")"), 0)
        outline += piece.kind if depth == 0 else ""
        depth += piece.kind == "("
    return outline


def _group(pieces: Cell) -> Cell:
    """Give a braced group's pieces; alone in braces, an operator or a comma is an ordinary symbol: `1{,}5`."""
    return [Piece(pieces[0].text, "o")] if len(pieces) == 1 and pieces[0].kind in "brp|" else pieces


def _word(text: str) -> Piece:
    return Piece(text, "f" if len(text) > 1 and (text[0].isalpha() or text[0] == " ") else "o")


def _plain_text(raw: str) -> str:
    """Clean the argument of a text command: formulas inside it, escapes, spaces."""
    parts = re.split(r"\$([^$]+)\$", raw)
    parts[1::2] = [_Parser(part).formula() for part in parts[1::2]]
    parts[::2] = [re.sub(r"\s+", " ", re.sub(r"\\([^A-Za-z])", r"\1", part.replace("~", " "))) for part in parts[::2]]
    return "".join(parts)


def _fraction(above: Cell, below: Cell) -> Piece:
    top, bottom = _join(above), _join(below)
    if not _stands_above(above):
        top = f"({top})"
    if not _stands_below(below, above):
        bottom = f"({bottom})"
    differential = re.fullmatch("[d∂][⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]*", top) and bottom[:1] == top[:1]
    return Piece(f"{top}/{bottom}", "f" if differential else "/")  # d/dx is a function: what follows is its argument


def _stands_above(above: Cell) -> bool:
    """Say whether a numerator is clear without brackets: a product such as QKᵀ, or a call such as exp(x)."""
    outline = _outline(above)
    if outline == "f":
        return " " not in above[0].text
    return re.fullmatch(r"[u∂]?(?:(?:[ond]|\(\))*√?|[fw](?:\(\))?)", outline) is not None


def _stands_below(below: Cell, above: Cell) -> bool:
    """Say whether a denominator is clear without brackets: a symbol, a call such as q(x), a differential such as dx."""
    outline = _outline(below)
    if outline in ("o()", "w()"):
        return not any(piece.kind == "b" for piece in below)  # q(x), but not n(n + 1)
    if outline == "oo":
        return below[0].text == "d" and above[:1] != [] and above[0].text[0] == "d"
    return re.fullmatch(r"∂?[onw√f]|f?\(\)", outline) is not None and not (outline == "f" and " " in below[0].text)


def _with_scripts(base: Cell, sub: Cell, sup: Cell, primes: str) -> Piece:
    text, kind = _join(base), base[0].kind if len(base) == 1 else "o"
    if kind in "/√" or (len(base) > 1 and not _stands_below(base, [])):
        text, kind = f"({text})", "o"
    low, low_airy = _script(sub, "_")
    high, high_airy = _script(sup, "^")
    airy = high_airy or (low_airy and not high)
    return Piece(text + low + primes.replace("′′", "″") + high, "w" if airy and kind in "on" else kind)


def _script(pieces: Cell, mark: str) -> tuple[str, bool]:
    """Write a sub- or superscript, and say whether the next symbol must keep its distance.

    Words stay words, so that d_model and L_train look alike (m, o, e, l have Unicode subscripts, d has none).
    """
    text = _join(pieces, tight=True)
    known = SUBSCRIPTS if mark == "_" else SUPERSCRIPTS
    a_word = len(pieces) == 1 and pieces[0].kind == "f" and re.fullmatch(r"\w+", text) is not None
    if not a_word and all(character in known for character in text):
        return "".join(known[character] for character in text), text.endswith("*")
    if a_word or len(text) == 1 or re.fullmatch(CLEAR_SUBSCRIPT if mark == "_" else CLEAR_SUPERSCRIPT, text):
        return mark + text, True
    return mark + (text if _outline(pieces) == "()" else f"({text})"), False


def _accented(name: str, pieces: Cell) -> Piece:
    mark, text = ACCENTS[name], _join(pieces, tight=True)
    if text and all(character in SCRIPTS or unicodedata.combining(character) for character in text[1:]):
        return Piece(unicodedata.normalize("NFC", text[0] + mark) + text[1:], "o")
    if name in ("bar", "overline", "underline"):
        line = ACCENTS["underline" if name == "underline" else "overline"]
        return Piece("".join(character + line for character in text), "o")
    return Piece(f"{name.removeprefix('wide')}({text})", "o")


def _matrix(rows: list[list[Cell]], brackets: str) -> Piece:
    texts = [[_join(cell) for cell in row] for row in rows]
    comma = ", " if any(" " in text for row in texts for text in row) else " "
    body = "; ".join(comma.join(row) for row in texts)
    return Piece(brackets[:1] + body + brackets[1:], "o")


def _cases(rows: list[list[Cell]]) -> Piece:
    """Write the cases on one line: { x if x > 0; 0 otherwise }."""
    return Piece("{ " + "; ".join(map(_case, rows)) + " }", "o")


def _case(row: list[Cell]) -> str:
    value, *conditions = (_join(cell).strip(" ,.;") for cell in row)
    worded = len(row) > 1 and row[1][:1] and row[1][0].kind == "f"  # the author's own "if" or "otherwise"
    return value + ("" if not any(conditions) else " " if worded else " if ") + " ".join(conditions)


def _aligned(rows: list[list[Cell]]) -> str:
    """Write rows under each other as TeX does: columns right- and left-aligned in turn around each `&`."""
    texts = [[_join(cell, before="o" if i % 2 else "(") for i, cell in enumerate(row)] for row in rows]
    widths = [max(map(_width, column)) for column in _columns(texts)]
    lines = []
    for row in texts:
        cells = [_padded(text, widths[i], right=i % 2 == 0 and len(row) > 1) for i, text in enumerate(row)]
        pairs = ["".join(cells[i : i + 2]) for i in range(0, len(cells), 2)]
        lines.append(QUAD.join(pairs).rstrip(PAD + " "))
    return "\n".join(line if any(widths[:1]) else line.lstrip(PAD + " ") for line in lines)


def _columns(rows: list[list[str]]) -> Iterator[list[str]]:
    for i in range(max(map(len, rows), default=0)):
        yield [row[i] for row in rows if i < len(row)]


def _padded(text: str, width: int, *, right: bool) -> str:
    padding = PAD * (width - _width(text))
    return padding + text if right else text + padding


def _width(text: str) -> int:
    return sum(not unicodedata.combining(character) for character in text)
