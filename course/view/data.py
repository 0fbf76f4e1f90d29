"""`course data`: what there is to train on, where it lies, and how far a download or a text in the making has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from course.data.catalogue import DOWNLOADS, SYNTHETIC, SYNTHETIC_ABOUT, SYNTHETIC_COMMAND, Download, is_whole, made
from course.data.entropy import entropy_bits_per_byte
from course.data.size import exact_size, short_size
from course.data.store import Store
from course.view.console import command, console, say


def show_list(store: Store) -> None:
    for one in DOWNLOADS.values():
        path = store.path(one.file)
        here = is_whole(path, one)
        _say_name(one.name, f"{one.title}, {one.about}", exact_size(one.size), here=here)
        if here:
            _say_path(path)
        elif path.exists():
            say(
                Text.assemble(("not the text that it should be: ", "stale"), command(one.command), " fetches it"),
                indent=4,
            )
            _say_path(path)
        else:
            say(Text.assemble(("not here yet: ", "quiet"), command(one.command)), indent=4)
        say()
    files = made(store)
    _say_name(SYNTHETIC, SYNTHETIC_ABOUT, "any size", here=bool(files))
    _say_floor()
    for each in files:
        say(Text.assemble(short_size(each.size), (f"   seed {each.seed}", "quiet")), indent=4)
        _say_path(each.path)
    if not files:
        say(Text.assemble(("not here yet: ", "quiet"), command(SYNTHETIC_COMMAND)), indent=4)


def _say_name(name: str, about: str, size: str, *, here: bool) -> None:
    mark = ("✓", "passed") if here else ("·", "quiet")
    say(Text.assemble(mark, " ", (name, "bold"), (f"   {size}", "quiet")))
    say(about, indent=4)


def _say_floor() -> None:
    floor = f"{entropy_bits_per_byte():.4f} bits per byte"
    say(
        Text.assemble(("floor: ", "quiet"), floor, (", known exactly; no model can do better on fresh text", "quiet")),
        indent=4,
    )


def _say_path(path: Path) -> None:
    """A path is printed whole, however narrow the screen: it is there to be copied."""
    console().print(Text(f"    {path}", style="code"), soft_wrap=True)


def show_got(download: Download, path: Path, *, fetched: bool) -> None:
    how = "fetched, " if fetched else "is here already, "
    said = f"{download.title}   {how}{exact_size(download.size)}, sha256 checked"
    say(Text.assemble(("✓ ", "passed"), said))
    _say_path(path)


def show_made(path: Path, size: int, *, fresh: bool) -> None:
    how = "made, " if fresh else "is here already, "
    say(Text.assemble(("✓ ", "passed"), f"Synthetic corpus   {how}{exact_size(size)}"))
    _say_floor()
    _say_path(path)


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar that goes away when it is done, on a terminal; nothing when piped."""
    out = console()
    if not out.is_terminal or out.is_dumb_terminal:
        yield lambda _done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True) as shown:
        task = shown.add_task(title, total=total)
        yield lambda done: shown.update(task, completed=done)
