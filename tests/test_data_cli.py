"""`course data`: sizes, the cache folder, `list` and `make`; outside a workspace as inside, and never in it."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest
from conftest import Cli

from course.data import corpus, store
from course.data.catalogue import SHAKESPEARE, made_name
from course.data.corpus import make_corpus
from course.data.entropy import entropy_bits_per_byte
from course.data.size import exact_size, parse_size, short_size
from course.data.store import Store, data_folder, user_store
from course.errors import DataError, UsageError
from course.workspace import Workspace


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "a cache"))
    return user_store()


# ---------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    ("text", "size"),
    [("10MB", 10**7), ("500 kB", 500_000), ("1MiB", 1 << 20), ("1000000", 10**6), ("1.5mb", 1_500_000), (" 2k ", 2000),
     ("1_000B", 1000), ("0.5KiB", 512), ("3GB", 3 * 10**9), ("1", 1)],
)  # fmt: skip
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "MB", "ten", "10 potatoes", "-1", "0", "0MB", "1.5", "0.0001kB", "1,5MB", "1e6", "٣MB", "9" * 100, "inf"],
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert repr(text) in caught.value.message
    assert "10MB" in str(caught.value.hint)


@pytest.mark.parametrize(("size", "short"), [(10**7, "10MB"), (1500, "1500B"), (1 << 20, "1048576B"), (2000, "2kB")])
def test_a_short_size_is_exact(size: int, short: str) -> None:
    assert short_size(size) == short
    assert parse_size(short) == size


def test_sizes_as_sentences() -> None:
    assert (exact_size(1), exact_size(1_115_394)) == ("1 byte", "1,115,394 bytes")


# ---------------------------------------------------------------- the folder


def test_the_folder_is_where_the_system_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for platform, variable, default in (
        ("linux", "XDG_CACHE_HOME", ".cache"), ("darwin", "XDG_CACHE_HOME", "Library/Caches"),
        ("win32", "LOCALAPPDATA", "AppData/Local"),
    ):  # fmt: skip
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
        assert data_folder() == tmp_path / "elsewhere" / "llm-course"
        monkeypatch.setenv(variable, "not/absolute")
        assert data_folder() == tmp_path / default / "llm-course"
        monkeypatch.delenv(variable)
        assert data_folder() == tmp_path / default / "llm-course"


def test_course_data_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "mine"))
    assert data_folder() == tmp_path / "mine"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA", "mine")
    assert data_folder() == tmp_path / "mine"


def test_without_a_home_one_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("COURSE_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(DataError) as caught:
        data_folder()
    assert "COURSE_DATA" in str(caught.value.hint)


def test_git_looks_away(here: Store) -> None:
    here.prepare()
    here.prepare()
    assert (here.folder / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_a_file_in_the_way_of_the_folder(here: Store) -> None:
    here.folder.write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="could not be written: File exists") as caught:
        here.prepare()
    assert caught.value.exit_code == 3


# ---------------------------------------------------------------- making


def test_a_corpus_is_made_once(here: Store) -> None:
    seen: list[int] = []
    path, fresh = make_corpus(here, 50_000, 3, seen.append)
    assert fresh
    assert path == here.path("synthetic-v1-50kB-seed3.txt")
    assert path.read_bytes() == corpus.corpus(50_000, 3)
    assert seen[-1] == 50_000
    assert make_corpus(here, 50_000, 3) == (path, False)


def test_a_file_of_the_wrong_size_is_made_again(here: Store) -> None:
    here.prepare()
    here.path(made_name(1000, 0)).write_bytes(b"half")
    path, fresh = make_corpus(here, 1000)
    assert (fresh, path.stat().st_size) == (True, 1000)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk(cli: Cli, here: Store) -> None:
    here.prepare()
    here.part(made_name(50_000, 0)).symlink_to("/dev/full")
    result = cli("data", "make", "synthetic", "--size", "50kB")
    assert result.exit_code == 3
    assert "could not be written: the disk is full." in result.stderr
    assert "set COURSE_DATA to a folder elsewhere" in result.stderr
    assert [path.name for path in here.folder.glob("synthetic*")] == []


def test_what_does_not_fit_is_not_begun(cli: Cli, here: Store) -> None:
    result = cli("data", "make", "synthetic", "--size", "900000000GB")
    assert result.exit_code == 3
    assert "needs 900,000,000,000,000,000 bytes, and its disk has" in result.stderr
    assert list(here.folder.glob("synthetic*")) == []


def test_an_interrupted_corpus_leaves_nothing(here: Store) -> None:
    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_corpus(here, 50_000, 0, stop)
    assert list(here.folder.glob("synthetic*")) == []


def test_a_name_that_cannot_be_taken(here: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(DataError, match="could not be written: Permission denied"):
        make_corpus(here, 1000)
    assert list(here.folder.glob("synthetic*")) == []


def test_two_at_once(here: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    with here.lock(made_name(1000, 0)), pytest.raises(UsageError, match="Another course command is writing"):
        make_corpus(here, 1000)


# ---------------------------------------------------------------- the commands


def test_making_and_listing(cli: Cli, here: Store, tmp_path: Path) -> None:
    said = cli.ok("data", "make", "synthetic", "--size", "20 kB", "--seed", "7", cwd=tmp_path)
    path = here.path("synthetic-v1-20kB-seed7.txt")
    assert said.startswith("✓ Synthetic corpus   made, 20,000 bytes\n")
    assert said.endswith(f"    {path}\n")
    assert "is here already" in cli.ok("data", "make", "SYNTHETIC", "--size", "20000", "--seed", "7")
    said = cli.ok("data", cwd=tmp_path)
    assert f"    20kB   seed 7\n    {path}\n" in said
    assert "not here yet: course data get shakespeare" in said
    assert f"floor: {entropy_bits_per_byte():.4f} bits per byte, known exactly" in said


def test_the_list_as_json(cli: Cli, here: Store, tmp_path: Path) -> None:
    make_corpus(here, 2000, 1)
    make_corpus(here, 1000, 2)
    data = json.loads(cli.ok("data", "list", "--json", cwd=tmp_path))
    assert (data["schema"], data["folder"]) == (1, str(here.folder))
    shakespeare, synthetic = data["data"]
    assert shakespeare == {
        "name": "shakespeare", "about": shakespeare["about"], "size": 1_115_394, "sha256": SHAKESPEARE.sha256,
        "url": SHAKESPEARE.url, "floor_bits_per_byte": None, "command": "course data get shakespeare", "files": [],
    }  # fmt: skip
    assert synthetic["floor_bits_per_byte"] == entropy_bits_per_byte()
    assert synthetic["files"] == [
        {"path": str(here.path("synthetic-v1-1kB-seed2.txt")), "size": 1000, "seed": 2},
        {"path": str(here.path("synthetic-v1-2kB-seed1.txt")), "size": 2000, "seed": 1},
    ]


def test_only_whole_files_of_ours_are_listed(cli: Cli, here: Store) -> None:
    here.prepare()
    for name in (
        "synthetic-v1-1kB-seed0.txt",
        "synthetic-v0-2B-seed0.txt",
        "synthetic-v1-2B-seed0.txt.part",
        "notes.txt",
    ):
        here.path(name).write_bytes(b"ab")
    here.path(SHAKESPEARE.file).write_bytes(b"to be")
    said = cli.ok("data", "list")
    assert "not the text that it should be: course data get shakespeare fetches it" in said
    assert "not here yet: course data make synthetic --size 10MB" in said
    assert "notes" not in said


def test_listing_makes_no_folder(cli: Cli, here: Store) -> None:
    cli.ok("data", "list")
    assert not here.folder.exists()


def test_the_workspace_is_not_touched(cli: Cli, workspace: Workspace, here: Store) -> None:
    before = sorted(workspace.root.rglob("*"))
    cli.ok("data", "make", "synthetic", "--size", "1kB")
    cli.ok("data", "list")
    assert sorted(workspace.root.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["get", "shakspeare"], "Did you mean shakespeare?  course data list"),
        (["get", "synthetic"], "course data make synthetic --size 10MB"),
        (["make", "shakespeare"], "course data get shakespeare"),
        (["make", "sinthetic"], "Did you mean synthetic?"),
        (["make", "synthetic", "--size", "big"], "'big' is not a size."),
        (["make", "synthetic", "--seed", "-1"], "--seed"),
        (["fetch"], "No such command"),
    ],
)
def test_wrong_usage(cli: Cli, here: Store, arguments: list[str], said: str) -> None:
    result = cli("data", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not here.folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="there is no pty")
def test_a_narrow_list_keeps_its_paths(cli: Cli, here: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    make_corpus(here, 1000)
    monkeypatch.setenv("COLUMNS", "40")
    lines = cli.ok("data", "list").splitlines()
    path = f"    {here.path(made_name(1000, 0))}"
    assert path in lines
    assert max(len(line) for line in lines if line != path) <= 40
