"""Draw pictures in the terminal, in colour or without, at any width; the same lines can be kept as an SVG."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.style import Style
from rich.text import Text

from course.errors import UsageError
from course.grading.pictures import Bars, Curve, Heatmap, Picture, Scatter, Tokens
from course.view import console as shared

# Backgrounds for neighbouring tokens, dark enough for white letters.
_TOKEN_COLOURS = ("#31688e", "#5c3a8c", "#2b7a5b", "#8c4a2f", "#7a2f5a", "#5f6b1d")
# From nothing to all: a ramp of brightness, so that it reads in grey as well.
_RAMP = ((16, 20, 46), (64, 45, 120), (150, 52, 122), (224, 92, 84), (252, 180, 96), (252, 250, 190))
# From −1 over 0 to 1.
_DIVERGING = ((33, 102, 172), (146, 197, 222), (247, 247, 247), (244, 165, 130), (178, 24, 43))
_SHADES = "·░▒▓█"
_PLOT_HEIGHT = 14
_LABEL = 12
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # the dots of a braille cell, by row and column


def show(pictures: Sequence[Picture]) -> None:
    """Print every picture, an empty line between two."""
    _print(shared.console(), pictures)


def save_svg(pictures: Sequence[Picture], path: Path, title: str) -> None:
    """Write what the terminal shows, in colour and 100 columns wide, as an SVG file."""
    out = Console(
        record=True, width=100, force_terminal=True, color_system="truecolor", file=io.StringIO(),
        emoji=False, theme=shared.THEME, highlight=False,
    )  # fmt: skip
    _print(out, pictures)
    try:
        path.write_text(out.export_svg(title=title), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} could not be written: {error.strerror}.", hint="name another --svg file") from error


def _print(out: Console, pictures: Sequence[Picture]) -> None:
    colours = out.is_terminal and not out.no_color
    for place, picture in enumerate(pictures):
        if place:
            out.print()
        out.print(Text(picture.title, style="bold"))
        for line in lines(picture, out.width, colours=colours):
            if not colours:
                line.rstrip()
            out.print(line, soft_wrap=True)
        if picture.note:
            for line in Text(picture.note, style="quiet").wrap(out, out.width):
                line.rstrip()
                out.print(line)


def lines(picture: Picture, width: int, *, colours: bool) -> list[Text]:
    """The picture as lines of at most `width` columns."""
    match picture:
        case Tokens():
            return list(_tokens(picture, width, colours))
        case Heatmap():
            return list(_heatmap(picture, width, colours))
        case Curve():
            return _plot(picture.xs, picture.ys, width, picture.x, picture.y, joined=True)
        case Scatter():
            return list(_scatter(picture, width))
        case Bars():
            return list(_bars(picture, width))


# ---------------------------------------------------------------- tokens


def visible(piece: bytes) -> str:
    """A token's bytes as one readable piece: what is no text by itself stands as \\xNN."""
    shown = []
    for char in piece.decode("utf-8", "backslashreplace"):
        if char == "\n":
            shown.append("↵")
        elif char == "\t":
            shown.append("→")
        elif char.isprintable():
            shown.append(char)
        else:
            shown.append(char.encode("unicode_escape").decode("ascii"))
    return "".join(shown)


def _tokens(picture: Tokens, width: int, colours: bool) -> Iterator[Text]:
    """Lines of coloured pieces; without colour a bar stands between two of them."""
    line = Text()
    for place, piece in enumerate(picture.pieces):
        shown = Text(visible(piece), style=f"white on {_TOKEN_COLOURS[place % len(_TOKEN_COLOURS)]}" if colours else "")
        if not colours:
            shown.append("|")
        for part in _cut(shown, width):
            if line.cell_len + part.cell_len > width:
                yield line
                line = Text()
            line.append_text(part)
        if piece.endswith(b"\n"):
            yield line
            line = Text()
    if line.cell_len:
        yield line


def _cut(text: Text, width: int) -> list[Text]:
    """A piece wider than the screen, in parts that fit."""
    return (
        [text[start : start + width // 2] for start in range(0, len(text), width // 2)]
        if len(text) > width // 2
        else [text]
    )


# ---------------------------------------------------------------- heat maps


def _heatmap(picture: Heatmap, width: int, colours: bool) -> Iterator[Text]:
    label = min(max(map(_cells, picture.rows)), _LABEL)
    numbers = len(picture.columns) * 5 + label + 1 <= width
    cell = 5 if numbers else 2
    shown = max((width - label - 1) // cell, 1)
    columns = picture.columns[:shown]
    if any(picture.columns):
        yield _column_labels(columns, label, cell)
    for name, row in zip(picture.rows, picture.values, strict=True):
        line = Text(_fit(name, label).rjust(label) + " ", style="quiet")
        for value in row[:shown]:
            line.append_text(_cell(value, picture, cell, colours))
        yield line
    if shown < len(picture.columns):
        yield Text(f"{len(picture.columns) - shown} columns more do not fit here", style="quiet")
    yield _legend(picture, label, colours)


def _column_labels(columns: Sequence[str], label: int, cell: int) -> Text:
    shown = (_fit(name, cell - 1) if cell > 2 else _fit(name, 1) for name in columns)
    return Text(" " * (label + 1) + "".join(name.center(cell) for name in shown), style="quiet")


def _cell(value: float, picture: Heatmap, cell: int, colours: bool) -> Text:
    share = _share(value, picture.low, picture.high)
    number = f"{value:.2f}".replace("0.", ".", 1) if cell > 2 else ""
    if not colours:
        return Text((number if number and value else _SHADES[round(share * (len(_SHADES) - 1))] * 2).center(cell))
    ramp = _DIVERGING if picture.low < 0 < picture.high else _RAMP
    back = _between(ramp, share)
    ink = "black" if back.red * 0.3 + back.green * 0.6 + back.blue * 0.1 > 130 else "white"
    return Text(number.center(cell), style=Style(color=ink, bgcolor=Color.from_triplet(back)))


def _legend(picture: Heatmap, label: int, colours: bool) -> Text:
    line = Text(" " * (label + 1) + f"{picture.low:g} ", style="quiet")
    steps = 11
    for place in range(steps):
        value = picture.low + (picture.high - picture.low) * place / (steps - 1)
        line.append_text(_cell(value, picture, 2, colours))
    return line.append(f" {picture.high:g}", style="quiet")


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.0


def _between(ramp: Sequence[tuple[int, int, int]], share: float) -> ColorTriplet:
    place = share * (len(ramp) - 1)
    first = min(int(place), len(ramp) - 2)
    part = place - first
    return ColorTriplet(*(round(a + (b - a) * part) for a, b in zip(ramp[first], ramp[first + 1], strict=True)))


# ---------------------------------------------------------------- plots


def _plot(xs: Sequence[float], ys: Sequence[float], width: int, x: str, y: str, *, joined: bool) -> list[Text]:
    """A curve in braille dots, two by four to a character, with its axes."""
    low, high = min(ys), max(ys)
    margin = max(len(f"{low:.3g}"), len(f"{high:.3g}")) + 1
    columns = max(min(width, 90) - margin - 2, 10)
    grid = [[0] * columns for _ in range(_PLOT_HEIGHT)]
    points = [(_share(a, min(xs), max(xs)), _share(b, low, high)) for a, b in zip(xs, ys, strict=True)]
    for a, b in _walk(points, 2 * columns) if joined else points:
        column, row = round(a * (2 * columns - 1)), round((1 - b) * (4 * _PLOT_HEIGHT - 1))
        grid[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
    body = []
    for place, cells in enumerate(grid):
        name = f"{high:.3g}" if place == 0 else f"{low:.3g}" if place == _PLOT_HEIGHT - 1 else ""
        dots = "".join(chr(0x2800 + dots) if dots else " " for dots in cells)
        body.append(Text.assemble((f"{name:>{margin}} │", "quiet"), (dots, "command")))
    axis = Text(" " * margin + " └" + "─" * columns, style="quiet")
    first, last = f"{min(xs):g}", f"{max(xs):g}"
    under = Text(
        " " * (margin + 2) + first + x.center(max(columns - len(first) - len(last), len(x) + 2)) + last, style="quiet"
    )
    return [Text(y, style="quiet"), *body, axis, under] if y else [*body, axis, under]


def _walk(points: Sequence[tuple[float, float]], steps: int) -> Iterator[tuple[float, float]]:
    """Points on the straight lines between neighbours, close enough to look joined."""
    for (a, b), (c, d) in pairwise(points):
        count = max(math.ceil(max(abs(c - a), abs(d - b)) * steps), 1)
        yield from ((a + (c - a) * k / count, b + (d - b) * k / count) for k in range(count))
    yield points[-1]


def _scatter(picture: Scatter, width: int) -> Iterator[Text]:
    """Labels at their points; where two would overlap, a dot stands for the later one."""
    columns, height = max(min(width, 90) - 2, 20), 2 * _PLOT_HEIGHT
    grid = [[" "] * columns for _ in range(height)]
    for a, b, label in zip(picture.xs, picture.ys, picture.labels, strict=True):
        row = round((1 - _share(b, min(picture.ys), max(picture.ys))) * (height - 1))
        column = round(_share(a, min(picture.xs), max(picture.xs)) * (columns - 1))
        name = _fit(label, _LABEL)
        start = min(column, columns - len(name))
        free = all(cell == " " for cell in grid[row][max(start - 1, 0) : start + len(name) + 1])
        for place, char in enumerate(name if free else "·"):
            grid[row][start + place] = char
    for cells in grid:
        yield Text("│" + "".join(cells).rstrip(), style="command")
    yield Text("└" + "─" * columns, style="quiet")


def _bars(picture: Bars, width: int) -> Iterator[Text]:
    label = min(max(map(_cells, picture.labels)), 3 * _LABEL)
    most = max(picture.values) or 1.0
    room = max(min(width, 90) - label - 14, 8)
    for name, value in zip(picture.labels, picture.values, strict=True):
        eighths = round(value / most * room * 8)
        bar = "█" * (eighths // 8) + ("▏▎▍▌▋▊▉"[eighths % 8 - 1] if eighths % 8 else "")
        number = f"{value:.3g} {picture.unit}".rstrip()
        yield Text.assemble((_fit(name, label).ljust(label) + " ", "quiet"), (bar, "command"), f" {number}")


def _cells(text: str) -> int:
    return Text(text).cell_len


def _fit(text: str, width: int) -> str:
    """A label of at most `width` columns."""
    fitted = Text(text)
    fitted.truncate(width, overflow="ellipsis" if width > 3 else "crop")
    return fitted.plain
