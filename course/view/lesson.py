"""Show a lesson on a terminal: Rich's Markdown, with readable formulas, quiet headings, colours for any background.

Formulas are found by two rules added to Rich's own Markdown parser (markdown-it): the parser tells code fences, inline
code and `\\$` apart, nothing is guessed. Colours are the terminal's sixteen, without backgrounds, to follow its theme.
"""

import io
import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markdown import (
    BlockQuote,
    CodeBlock,
    Heading,
    HorizontalRule,
    ListElement,
    ListItem,
    Markdown,
    MarkdownContext,
    MarkdownElement,
    TableElement,
)
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from course.view.tex import to_unicode

READING_WIDTH = 88  # longer lines are hard to follow back; a wide terminal keeps its margin
INDENT = 4  # of formulas and code
_GLUE = "\ue000"  # a space where Rich must not break the line (it does break at no-break spaces)
_GLUED = 16  # columns: a longer inline formula may be broken

_THEME = Theme(
    {
        "markdown.h1": "bold",
        "markdown.h2": "bold",
        "markdown.h3": "bold",
        "markdown.h4": "italic",
        "markdown.code": "cyan",
        "markdown.math": "magenta",
        "markdown.block_quote": "none",
        "markdown.address": "underline",
    }
)

_CODE_THEME = ANSISyntaxTheme(
    {
        ("Comment",): Style(italic=True, dim=True),
        ("Keyword",): Style(color="magenta"),
        ("Operator", "Word"): Style(color="magenta"),
        ("Name", "Function"): Style(bold=True),
        ("Name", "Class"): Style(bold=True),
        ("Name", "Decorator"): Style(color="cyan"),
        ("Literal", "String"): Style(color="green"),
        ("Literal", "Number"): Style(color="cyan"),
        ("Generic", "Prompt"): Style(dim=True),
    }
)


def render(markdown: str, *, width: int | None = None) -> RenderableType:
    """Make a lesson printable on a Rich console, `width` columns wide or a comfortable line's length."""
    return _Lesson(markdown, width)


def plain(markdown: str, *, width: int = READING_WIDTH) -> str:
    """Write a lesson as plain text, for a pipe or a file: no escape codes, no trailing spaces."""
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(render(markdown, width=width))
    return capture.get()


def opening(markdown: str, paragraphs: int = 2) -> str:
    """Give the title and the first paragraphs of a lesson, as Markdown.

    What a paragraph leads to stays with it: a formula, or a list after a colon. Code and tables end the opening.
    """
    chosen: list[str] = []
    left = paragraphs
    for kind, text in _blocks(markdown):
        if kind == "heading_open" and chosen:
            if left < paragraphs:
                break
        elif kind in _NOT_IN_AN_OPENING or (left == 0 and not _continues(kind, chosen[-1])):
            break
        else:
            chosen.append(text)
            left -= kind == "paragraph_open"
    return "\n\n".join(chosen)


_NOT_IN_AN_OPENING = frozenset(["fence", "code_block", "table_open", "hr"])


def _continues(kind: str, before: str) -> bool:
    return kind == "math_block" or (kind in ("bullet_list_open", "ordered_list_open") and before.endswith(":"))


def _blocks(markdown: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the source of each top-level block."""
    lines = re.split(r"\r\n?|\n", markdown)  # as markdown-it counts lines, which str.splitlines does not
    for token in _tokens(markdown):
        if token.level == 0 and token.map and token.nesting >= 0:
            yield token.type, "\n".join(lines[slice(*token.map)]).strip("\n")


# --- formulas and other changes to the parsed Markdown --------------------------------------------------------------

# As in Pandoc: no space inside the dollars, no digit after them. Prices and shell variables are mostly spared by that.
_INLINE = re.compile(r"\$\$((?:\\.|[^$`\\])+)\$\$\s*|\$(?![\s$])((?:\\.|[^$`\\])+)(?<!\s)\$(?![\d$])", re.DOTALL)
_PRICE = re.compile(r"\d[\d.,]*[kMB]?[\s(),;:–—-]+[A-Za-z]{2,}[^\\^_={}]*")  # $5 on one machine, US$6 on another
_DISPLAY = re.compile(r"\$\$((?:\\.|(?!\$\$).)+)\$\$\s*([.,;:]?)\s*", re.DOTALL)


def _tokens(markdown: str) -> list[Token]:
    parser = MarkdownIt().enable(["strikethrough", "table"])
    parser.inline.ruler.before("backticks", "math_inline", _inline_rule)
    interrupted = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.before("fence", "math_block", _display_rule, {"alt": interrupted})
    return list(_for_terminals(parser.parse(markdown)))


def _inline_rule(state: StateInline, silent: bool) -> bool:
    match = _INLINE.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "$" else None
    if match is None or _PRICE.fullmatch(match[2] or ""):
        return False
    if not silent and match[2]:
        state.push("math_inline", "math", 0).content = _glued(to_unicode(match[2]).replace("\n", "; "))
    elif not silent:
        _push_display(state, to_unicode(match[1]))
    state.pos = match.end()
    return True


def _glued(formula: str) -> str:
    return formula.replace(" ", _GLUE) if len(formula) <= _GLUED else formula


def _push_display(state: StateInline, formula: str) -> None:
    """Set a display formula met in the middle of a paragraph on lines of its own."""
    state.push("hardbreak", "br", 0)
    state.push("math_inline", "math", 0).content = "\n".join(" " * INDENT + line for line in formula.split("\n"))
    state.push("hardbreak", "br", 0)


def _display_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    source = ""
    for line in range(start, end):
        text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
        indent = state.sCount[line] - state.blkIndent
        if not text or indent < 0 or (line == start and (indent >= 4 or not text.startswith("$$"))):
            return False
        source += text + "\n"
        match = _DISPLAY.fullmatch(source) if "$$" in text else None
        if match:
            return silent or _push_block(state, start, line + 1, to_unicode(match[1]) + match[2])
    return False


def _push_block(state: StateBlock, start: int, end: int, formula: str) -> bool:
    token = state.push("math_block", "", 0)
    token.content, token.map = formula, [start, end]
    state.line = end
    return True


def _for_terminals(tokens: Iterable[Token]) -> Iterator[Token]:
    """Drop HTML, write a link's address after its text, and show an image as what it says.

    An address behind a hyperlink would be lost in a pipe and in many terminals.
    """
    address = ""
    for token in tokens:
        token.children = list(_for_terminals(token.children)) if token.children and token.type == "inline" else None
        if token.type == "link_open":
            address = _worth_showing(token)
        elif token.type == "link_close":
            yield from _in_brackets(address)
        elif token.type == "image":
            yield Token("text", "", 0, content=f"[{token.content or token.attrs.get('src', '')}]")
        elif token.type not in ("html_block", "html_inline"):
            yield token


def _worth_showing(link: Token) -> str:
    """Give a link's address, unless it is its text already or leads to another file of the course."""
    address = str(link.attrs.get("href", ""))
    return address if link.info != "auto" and re.match(r"https?:|mailto:", address) else ""


def _in_brackets(address: str) -> Iterator[Token]:
    if address:
        yield Token("text", "", 0, content=" (")
        yield Token("address", "address", 0, content=address)
        yield Token("text", "", 0, content=")")


def _with_code_marks(tokens: list[Token]) -> list[Token]:
    """Put the backticks back around inline code: without colours nothing else would tell it from prose."""
    for token in tokens:
        if token.type == "code_inline":
            token.content = f"`{token.content}`"
        _with_code_marks(token.children or [])
    return tokens


# --- elements -------------------------------------------------------------------------------------------------------


class _Heading(Heading):
    """Stand left, with a line below the two upper levels: it shows the structure in plain text too."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text
        line = {"h1": "━", "h2": "─"}.get(self.tag, "")
        if line:
            yield Text(line * min(cell_len(self.text.plain), options.max_width), style="dim")


class _Code(CodeBlock):
    """Indent code instead of painting a box behind it."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = str(self.text).rstrip().expandtabs(4)
        for line in self._coloured(code, console).split("\n"):
            yield from _hanging(line, console, options)

    def _coloured(self, code: str, console: Console) -> Text:
        # Without colours there is nothing to highlight, and reading the language's rules takes 50 ms.
        if console.color_system is None or console.no_color:
            return Text(code)
        return Syntax(code, self.lexer_name, theme=_CODE_THEME, word_wrap=True).highlight(code)


class _Formula(MarkdownElement):
    """Set a display formula on lines of its own."""

    def __init__(self, formula: str) -> None:
        self.formula = formula

    @classmethod
    def create(cls, markdown: Markdown, token: Token) -> "_Formula":
        return cls(token.content)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.formula.split("\n"):
            yield from _hanging(Text(line, style="markdown.math"), console, options)


def _hanging(line: Text, console: Console, options: ConsoleOptions) -> Iterator[Padding]:
    """Indent a line of code or of a formula; what does not fit continues further in than the line began."""
    spaces = len(line.plain) - len(line.plain.lstrip(" "))
    start = min(INDENT + spaces, options.max_width // 2)
    fits = start + cell_len(line.plain) - spaces <= options.max_width
    further = 0 if fits else min(4, options.max_width // 4)
    for i, part in enumerate(line[spaces:].wrap(console, max(options.max_width - start - further, 1))):
        yield Padding(part, (0, 0, 0, start + further * (i > 0)))


class _Container(MarkdownElement):
    """Collect blocks, a blank line between them, and put a mark before the first line."""

    def __init__(self) -> None:
        super().__init__()
        self.children: list[RenderableType] = []

    def on_child_close(self, context: MarkdownContext, child: MarkdownElement) -> bool:
        if self.children and not isinstance(child, ListElement):  # a nested list stays close to what introduces it
            self.children.append(Text())
        self.children.append(child)
        return False

    def marked(self, first: Segment, rest: Segment, console: Console, options: ConsoleOptions) -> RenderResult:
        narrower = options.update(width=max(options.max_width - cell_len(first.text), 1))
        for i, line in enumerate(console.render_lines(Group(*self.children), narrower, pad=False)):
            yield rest if i else first
            yield from line
            yield Segment.line()


class _Quote(_Container, BlockQuote):
    """Mark a quote by a coloured bar and leave its text as readable as the rest."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        bar = Segment("┃ ", Style(color="magenta"))
        yield from self.marked(bar, bar, console, options)


class _Item(_Container, ListItem):
    def render_bullet(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.marked(Segment(" • "), Segment("   "), console, options)

    def render_number(self, console: Console, options: ConsoleOptions, number: int, last_number: int) -> RenderResult:
        mark = f" {number:>{len(str(last_number - 1))}}. "
        yield from self.marked(Segment(mark), Segment(" " * len(mark)), console, options)


class _Table(TableElement):
    """Rule off the header and nothing else."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, border_style="dim", header_style="bold")
        for cell in self.header.row.cells if self.header and self.header.row else []:
            table.add_column(cell.content, overflow="fold")
        for row in self.body.rows if self.body else []:
            table.add_row(*(cell.content for cell in row.cells))
        yield table


class _HorizontalRule(HorizontalRule):
    new_line = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Rule(style="dim")


class _Document(Markdown):
    """Be Rich's Markdown, with the parser's extra tokens and the elements above."""

    elements = Markdown.elements | {
        "heading_open": _Heading,
        "fence": _Code,
        "code_block": _Code,
        "blockquote_open": _Quote,
        "list_item_open": _Item,
        "table_open": _Table,
        "hr": _HorizontalRule,
        "math_block": _Formula,
    }
    inlines = Markdown.inlines | {"math", "address"}

    def __init__(self, markdown: str, *, marks: bool) -> None:
        super().__init__("")
        self.parsed = _with_code_marks(_tokens(markdown)) if marks else _tokens(markdown)


class _Lesson:
    """Render a document in the lesson's own theme and width, without the spaces Rich pads lines with."""

    def __init__(self, markdown: str, width: int | None) -> None:
        self.markdown = markdown
        self.width = width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(self.width or READING_WIDTH, options.max_width)
        document = _Document(self.markdown, marks=console.no_color or console.color_system is None)
        with console.use_theme(_THEME):
            lines = console.render_lines(document, options.update(width=width, height=None), pad=False)
        started = False  # Rich sets a blank line before a list or a quote even where the lesson begins with it
        for line in map(_without_padding, lines):
            started = started or bool(line)
            yield from [*line, Segment.line()] if started else []


def _without_padding(line: list[Segment]) -> list[Segment]:
    kept = [Segment(segment.text.replace(_GLUE, " "), segment.style) for segment in line]
    while kept and not kept[-1].text.strip():
        kept.pop()
    return [*kept[:-1], *(Segment(last.text.rstrip(), last.style) for last in kept[-1:])]
