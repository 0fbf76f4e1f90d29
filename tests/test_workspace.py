"""Lay a workspace, open stubs in it, put them back: and never overwrite what is there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from conftest import new_workspace

from course import files
from course import workspace as module
from course.content import Content
from course.curriculum import Curriculum, load_curriculum
from course.errors import ContentError, NoWorkspace, UsageError, WorkspaceError
from course.workspace import Workspace, find_workspace, make_workspace, open_stub, reset_stub, write_missing

as_root = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")


def test_a_workspace_has_a_package_and_says_what_it_is(workspace: Workspace) -> None:
    found = {path.relative_to(workspace.root).as_posix() for path in workspace.root.rglob("*") if path.is_file()}
    assert {name for name in found if not name.startswith(".course/")} == {
        "progress.json", "README.md", "pyproject.toml", ".gitignore", "minillm/__init__.py",
    }  # fmt: skip
    assert 'name = "minillm"' in (workspace.root / "pyproject.toml").read_text(encoding="utf-8")
    assert ".course/" in (workspace.root / ".gitignore").read_text(encoding="utf-8")


def test_files_that_were_there_stay(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    (tmp_path / "minillm").mkdir()
    (tmp_path / "minillm" / "__init__.py").write_text("x = 1\n", encoding="utf-8")
    make_workspace(tmp_path)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "minillm" / "__init__.py").read_text(encoding="utf-8") == "x = 1\n"
    assert (tmp_path / "pyproject.toml").is_file()


def test_no_second_workspace_in_the_same_folder(workspace: Workspace) -> None:
    before = workspace.progress.read_bytes()
    with pytest.raises(UsageError, match="a course workspace already"):
        make_workspace(workspace.root)
    assert workspace.progress.read_bytes() == before


def test_no_workspace_inside_another(workspace: Workspace) -> None:
    inner = workspace.root / "deeper" / "still"
    with pytest.raises(UsageError) as caught:
        make_workspace(inner)
    assert f"lies inside the workspace {workspace.root}" in caught.value.message
    assert not inner.exists()


def test_a_workspace_is_found_from_below(workspace: Workspace) -> None:
    below = workspace.package / "alpha" / "deep"
    below.mkdir(parents=True)
    assert find_workspace(below) == workspace
    assert find_workspace(workspace.root) == workspace


def test_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoWorkspace) as caught:
        find_workspace(tmp_path)
    assert str(tmp_path) in caught.value.message
    assert "course init my-llm" in str(caught.value.hint)


def test_names_with_spaces_and_foreign_letters(tmp_path: Path, curriculum: Curriculum) -> None:
    made = new_workspace(tmp_path / "Mein Modell – größer" / "моя модель")
    step = curriculum["alpha/double"]
    assert open_stub(made, curriculum.content, step)
    assert made.modules()[step.module] == made.file(step)
    assert find_workspace(made.package) == made


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "minillm").write_text("", encoding="utf-8")
    with pytest.raises(WorkspaceError) as caught:
        make_workspace(tmp_path)
    assert caught.value.message == f"{tmp_path / 'minillm'} is in the way: it is not a folder."
    assert f"mv '{tmp_path / 'minillm'}'" in str(caught.value.hint)


def test_a_folder_in_the_way_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.py").mkdir()
    with pytest.raises(WorkspaceError, match="it is not a file"):
        write_missing(tmp_path / "x.py", "")


@as_root
@pytest.mark.skipif(sys.platform == "win32", reason="folders have no write bit there")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(WorkspaceError, match="could not be written"):
            make_workspace(tmp_path / "inner")
    finally:
        tmp_path.chmod(0o700)


def test_a_write_that_fails_is_a_workspace_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(WorkspaceError, match="could not be written: No space left on device"):
        write_missing(tmp_path / "x.py", "text")


def test_half_a_file_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("course.files.os.fsync", full)
    with pytest.raises(WorkspaceError, match="No space left on device"):
        write_missing(tmp_path / "x.py", "text")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- stubs


def test_a_stub_is_copied_once(workspace: Workspace, curriculum: Curriculum) -> None:
    step = curriculum["alpha/double"]
    assert open_stub(workspace, curriculum.content, step)
    stub = curriculum.content.stub(step.file).read_text(encoding="utf-8")
    assert workspace.file(step).read_text(encoding="utf-8") == stub
    workspace.file(step).write_text("mine\n", encoding="utf-8")
    assert not open_stub(workspace, curriculum.content, step)
    assert workspace.file(step).read_text(encoding="utf-8") == "mine\n"


def test_a_stubs_folder_is_a_package(workspace: Workspace, curriculum: Curriculum) -> None:
    open_stub(workspace, curriculum.content, curriculum["alpha/double"])
    assert (workspace.package / "alpha" / "__init__.py").is_file()


def test_the_second_step_of_a_file_finds_the_first_ones_code(workspace: Workspace, curriculum: Curriculum) -> None:
    open_stub(workspace, curriculum.content, curriculum["alpha/stack"])
    workspace.file(curriculum["alpha/stack"]).write_text("class Stack: ...\n", encoding="utf-8")
    assert not open_stub(workspace, curriculum.content, curriculum["alpha/stack_pop"])
    assert workspace.file(curriculum["alpha/stack_pop"]).read_text(encoding="utf-8") == "class Stack: ...\n"


def test_reset_keeps_the_file_byte_by_byte(workspace: Workspace, curriculum: Curriculum) -> None:
    step = curriculum["alpha/double"]
    open_stub(workspace, curriculum.content, step)
    workspace.file(step).write_bytes(b"mine = '\xff'\r\n")
    kept = reset_stub(workspace, curriculum.content, step)
    assert kept is not None
    assert kept.read_bytes() == b"mine = '\xff'\r\n"
    assert workspace.file(step).read_bytes() == curriculum.content.stub(step.file).read_bytes()


def test_two_resets_in_one_second_keep_both(workspace: Workspace, curriculum: Curriculum) -> None:
    step = curriculum["alpha/double"]
    kept = []
    for number in range(3):
        open_stub(workspace, curriculum.content, step)
        workspace.file(step).write_text(f"n = {number}\n", encoding="utf-8")
        kept.append(reset_stub(workspace, curriculum.content, step))
    assert [path.read_text(encoding="utf-8") for path in kept if path] == ["n = 0\n", "n = 1\n", "n = 2\n"]


def test_reset_of_a_file_that_is_gone(workspace: Workspace, curriculum: Curriculum) -> None:
    step = curriculum["alpha/double"]
    assert reset_stub(workspace, curriculum.content, step) is None
    assert workspace.file(step).is_file()


def test_reset_that_cannot_move_loses_nothing(
    workspace: Workspace, curriculum: Curriculum, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = curriculum["alpha/double"]
    open_stub(workspace, curriculum.content, step)
    workspace.file(step).write_text("mine\n", encoding="utf-8")

    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    for action in ("write_new", "write_whole"):
        with monkeypatch.context() as patch:
            patch.setattr(f"course.files.{action}", refuse)
            with pytest.raises(WorkspaceError, match="could not be moved aside"):
                reset_stub(workspace, curriculum.content, step)
        assert workspace.file(step).read_text(encoding="utf-8") == "mine\n"


def test_reset_keeps_what_an_editor_saves_meanwhile(
    workspace: Workspace, curriculum: Curriculum, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = curriculum["alpha/double"]
    open_stub(workspace, curriculum.content, step)
    file, real = workspace.file(step), files.write_new
    file.write_text("mine\n", encoding="utf-8")
    saves = ["mine, and one line more\n"]

    def saved_meanwhile(path: Path, data: bytes, *, spare: Path | None = None) -> None:
        real(path, data, spare=spare)
        if saves:
            file.write_text(saves.pop(), encoding="utf-8")

    monkeypatch.setattr("course.files.write_new", saved_meanwhile)
    kept = reset_stub(workspace, curriculum.content, step)
    assert kept is not None
    assert kept.read_text(encoding="utf-8") == "mine, and one line more\n"


def test_two_resets_at_once_keep_both(
    workspace: Workspace, curriculum: Curriculum, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name that was free is taken before it is used: what lies there is not written over."""
    step = curriculum["alpha/double"]
    open_stub(workspace, curriculum.content, step)
    workspace.file(step).write_text("mine\n", encoding="utf-8")
    real = module.free_name
    names: list[Path] = []

    def taken_meanwhile(path: Path) -> Path:
        free = real(path)
        if not names:
            free.write_text("the other's\n", encoding="utf-8")
        names.append(free)
        return free

    monkeypatch.setattr(module, "free_name", taken_meanwhile)
    kept = reset_stub(workspace, curriculum.content, step)
    assert kept is not None
    assert kept.read_text(encoding="utf-8") == "mine\n"
    assert names[0].read_text(encoding="utf-8") == "the other's\n"


def test_a_folder_in_the_place_of_the_file_is_moved_aside(workspace: Workspace, curriculum: Curriculum) -> None:
    step = curriculum["alpha/double"]
    workspace.file(step).mkdir(parents=True)
    (workspace.file(step) / "notes.txt").write_text("mine\n", encoding="utf-8")
    kept = reset_stub(workspace, curriculum.content, step)
    assert kept is not None
    assert (kept / "notes.txt").read_text(encoding="utf-8") == "mine\n"
    assert workspace.file(step).is_file()


def test_reset_through_a_link_leaves_what_it_leads_to(
    workspace: Workspace, curriculum: Curriculum, tmp_path: Path
) -> None:
    step = curriculum["alpha/double"]
    open_stub(workspace, curriculum.content, step)
    (tmp_path / "elsewhere.py").write_text("mine\n", encoding="utf-8")
    workspace.file(step).unlink()
    workspace.file(step).symlink_to(tmp_path / "elsewhere.py")
    kept = reset_stub(workspace, curriculum.content, step)
    assert kept is not None
    assert kept.read_text(encoding="utf-8") == (tmp_path / "elsewhere.py").read_text(encoding="utf-8") == "mine\n"
    assert workspace.file(step).read_bytes() == curriculum.content.stub(step.file).read_bytes()


def test_reset_with_a_stub_that_is_gone_loses_nothing(workspace: Workspace, copied: Content) -> None:
    step = load_curriculum(copied)["alpha/double"]
    open_stub(workspace, copied, step)
    workspace.file(step).write_text("mine\n", encoding="utf-8")
    copied.stub(step.file).unlink()
    with pytest.raises(ContentError, match="cannot be read"):
        reset_stub(workspace, copied, step)
    assert workspace.file(step).read_text(encoding="utf-8") == "mine\n"
