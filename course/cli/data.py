"""`course data`: texts to train on, fetched or made, in the user's cache."""

from __future__ import annotations

import difflib
import json
from typing import Any

import click

from course.errors import UsageError


@click.group(invoke_without_command=True)
@click.pass_context
def data(ctx: click.Context) -> None:
    """Get or make texts to train on, and see which are here.

    They lie in a cache folder of yours, outside every workspace; COURSE_DATA names another one.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@data.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def list_(as_json: bool) -> None:
    """Show what there is, where it lies, or how to get it."""
    from course.data.store import user_store  # noqa: PLC0415

    store = user_store()
    if as_json:
        click.echo(json.dumps(_list_data(), indent=2, ensure_ascii=False))
        return
    from course.view import data as view  # noqa: PLC0415 - Rich only when something is shown

    view.show_list(store)


def _list_data() -> dict[str, Any]:
    from course.data.catalogue import (  # noqa: PLC0415
        DOWNLOADS,
        SYNTHETIC,
        SYNTHETIC_ABOUT,
        SYNTHETIC_COMMAND,
        is_whole,
        made,
    )
    from course.data.entropy import entropy_bits_per_byte  # noqa: PLC0415
    from course.data.store import user_store  # noqa: PLC0415

    store = user_store()
    downloads = [
        {
            "name": one.name, "about": f"{one.title}: {one.about}", "size": one.size, "sha256": one.sha256,
            "url": one.url, "floor_bits_per_byte": None, "command": one.command,
            "files": [{"path": str(store.path(one.file)), "size": one.size, "seed": None}]
            if is_whole(store.path(one.file), one) else [],
        }
        for one in DOWNLOADS.values()
    ]  # fmt: skip
    synthetic = {
        "name": SYNTHETIC, "about": SYNTHETIC_ABOUT, "size": None, "sha256": None, "url": None,
        "floor_bits_per_byte": entropy_bits_per_byte(), "command": SYNTHETIC_COMMAND,
        "files": [{"path": str(one.path), "size": one.size, "seed": one.seed} for one in made(store)],
    }  # fmt: skip
    return {"schema": 1, "folder": str(store.folder), "data": [*downloads, synthetic]}


@data.command()
@click.argument("name")
def get(name: str) -> None:
    """Download a text: NAME is shakespeare.

    A download that was cut goes on where it stopped, and nothing appears before its sha256 is right. Where the server
    cannot be reached, COURSE_SHAKESPEARE_URL names another one.
    """
    from course.data.catalogue import DOWNLOADS, SYNTHETIC, SYNTHETIC_COMMAND  # noqa: PLC0415
    from course.data.fetch import fetch  # noqa: PLC0415
    from course.data.store import user_store  # noqa: PLC0415

    if name.casefold() == SYNTHETIC:
        raise UsageError("The synthetic corpus is made here, not fetched.", hint=SYNTHETIC_COMMAND)
    download = DOWNLOADS.get(name.casefold())
    if download is None:
        raise _unknown(name, list(DOWNLOADS))
    store = user_store()
    from course.view import data as view  # noqa: PLC0415

    with view.bar(download.title, download.size) as progress:
        fetched = fetch(download, store, progress)
    view.show_got(download, store.path(download.file), fetched=fetched)


@data.command()
@click.argument("name")
@click.option("--size", default="10MB", show_default=True, help="For example 500kB, 10MB, 1GiB, or a number of bytes.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Another seed, another text."
)
def make(name: str, size: str, seed: int) -> None:
    """Make a text of any size: NAME is synthetic.

    Simple sentences drawn from a grammar whose entropy is known exactly, so you can say how far a model is from the
    best there can be. The same seed gives the same bytes everywhere; a short text is the beginning of a longer one.
    """
    from course.data.catalogue import DOWNLOADS, SYNTHETIC  # noqa: PLC0415
    from course.data.corpus import make_corpus  # noqa: PLC0415
    from course.data.size import parse_size  # noqa: PLC0415
    from course.data.store import user_store  # noqa: PLC0415

    if name.casefold() in DOWNLOADS:
        raise UsageError(f"{name} is fetched, not made.", hint=f"course data get {name.casefold()}")
    if name.casefold() != SYNTHETIC:
        raise _unknown(name, [SYNTHETIC])
    wanted = parse_size(size)
    from course.view import data as view  # noqa: PLC0415

    with view.bar("Synthetic corpus", wanted) as progress:
        path, fresh = make_corpus(user_store(), wanted, seed, progress)
    view.show_made(path, wanted, fresh=fresh)


def _unknown(name: str, known: list[str]) -> UsageError:
    close = difflib.get_close_matches(name.casefold(), known, n=1)
    guess = f"Did you mean {close[0]}?  " if close else ""
    return UsageError(f"There is no text {name!r} here.", hint=f"{guess}course data list   shows what there is")
