"""`course show`: look at what your code makes of a text."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from course.cli.base import step_argument
from course.errors import UsageError
from course.session import open_session

MOST_TEXT = 100_000
# What a tokenizer learns from before it is drawn.
SAMPLE_BYTES = 100_000


@click.command()
@step_argument()
@click.argument("text", required=False)
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write the picture to this file as well.")
@click.option("--json", "as_json", is_flag=True, help="Print what would be drawn, for a program.")
def show(step: str | None, text: str | None, svg: Path | None, as_json: bool) -> None:
    """Draw what your code makes of a TEXT: its tokens, its attention.

    Without TEXT an example is taken; - reads it from standard input. Drawing judges nothing: course check does.
    """
    from course.data.corpus import corpus  # noqa: PLC0415 - NumPy only when something is computed
    from course.grading.pictures import draw  # noqa: PLC0415

    session = open_session()
    chosen = session.step(step)
    pictures = draw(session.curriculum, chosen, session.workspace.modules(), _text(text), corpus(SAMPLE_BYTES).decode())
    if as_json:
        click.echo(json.dumps([_data(one) for one in pictures], indent=2, ensure_ascii=False))
    from course.view import pictures as view  # noqa: PLC0415 - Rich only when something is shown

    if not as_json:
        view.show(pictures)
    if svg:
        view.save_svg(pictures, svg, f"course show {chosen.number}")
        click.echo(f"written: {svg}", err=True)


def _text(text: str | None) -> str | None:
    if text == "-":
        text = sys.stdin.read(MOST_TEXT + 1)
    if text is not None and len(text) > MOST_TEXT:
        raise UsageError(
            f"That text is longer than {MOST_TEXT:,} characters.", hint="a picture needs a few lines: head"
        )
    if text is not None and not text:
        raise UsageError("That text is empty.", hint='course show 1.5 "some text"')
    return text


def _data(picture: object) -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415

    shown = asdict(picture)  # type: ignore[call-overload]
    if "pieces" in shown:
        shown["pieces"] = [piece.decode("utf-8", "backslashreplace") for piece in shown["pieces"]]
    return {"kind": type(picture).__name__.lower(), **shown}
