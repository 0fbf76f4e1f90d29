"""Which modules import which: the quick verbs stay quick, and each layer knows only those below it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import FAKE, open_step

from course.curriculum import Curriculum
from course.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
COURSE = ROOT / "course"
HEAVY = {"numpy", "pytest", "_pytest", "hypothesis", "torch", "psutil", "watchfiles", "anyio", "asyncio"}
MAIN = """
import json, sys
from course.cli import main
try:
    main(sys.argv[1:], prog_name="course")
finally:
    print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The top-level modules that a run of `course` has imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=False,
        env=os.environ | {"COURSE_CONTENT": str(FAKE), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "--version",
        "",
        "map",
        "map --json",
        "lesson",
        "next",
        "check --help",
        "dev --help",
        "solution A.1",
        "data",
        "data list --json",
        "fact-check --help",
        "predict --help",
    ],
)
def test_the_quick_verbs_import_nothing_heavy(
    workspace: Workspace, curriculum: Curriculum, solve: Callable[[str], Path], command: str
) -> None:
    solve("alpha/double")
    assert not loaded(workspace.root, *command.split()) & HEAVY


@pytest.mark.parametrize("command", ["--help", "map --json", "--version"])
def test_what_shows_no_table_does_not_import_rich(workspace: Workspace, command: str) -> None:
    assert "rich" not in loaded(workspace.root, *command.split())


def test_looking_takes_no_lock(workspace: Workspace, curriculum: Curriculum) -> None:
    open_step(workspace, curriculum, "alpha/double")
    for command in ("", "map", "lesson"):
        (workspace.state / "progress.lock").unlink(missing_ok=True)
        loaded(workspace.root, *command.split())
        assert not (workspace.state / "progress.lock").exists()


def test_a_check_of_plain_python_does_not_import_torch(workspace: Workspace, solve: Callable[[str], Path]) -> None:
    solve("alpha/double")
    assert "torch" not in loaded(workspace.root, "check", "A.1")


# ---------------------------------------------------------------- the layers


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(COURSE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every name imported anywhere in a file, lazily or not, and its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: the engine imports by full names"
            yield str(node.module), node.lineno


def layer(name: str) -> str:
    """`core` for a module of its own, else the sub-package: cli, view, dev, grading, mentor."""
    parts = name.split(".")
    if name == "course.__main__":
        return "cli"
    return parts[1] if len(parts) > 2 or (COURSE / parts[-1]).is_dir() else "core"


def breaches(allowed: Callable[[str, str], bool]) -> list[str]:
    found = []
    for name, path in modules().items():
        for imported, line in imports(path):
            if not allowed(name, imported):
                found.append(f"{path.relative_to(ROOT)}:{line} imports {imported}")
    return found


BELOW = {
    "core": {"core"},
    "data": {"core", "data"},
    "grading": {"core", "grading"},
    "watch": {"core", "grading", "watch"},
    "mentor": {"core", "grading", "mentor"},
    "dev": {"core", "grading", "mentor", "dev"},
    "view": {"core", "data", "grading", "watch", "mentor", "dev", "view"},
    "cli": {"core", "data", "grading", "watch", "mentor", "dev", "view", "cli"},
}


def test_each_layer_imports_only_from_those_below_it() -> None:
    def allowed(name: str, imported: str) -> bool:
        if not imported.startswith("course."):
            return True
        return layer(imported) in BELOW[layer(name) if name != "course" else "core"]

    assert breaches(allowed) == []


def test_the_core_imports_nothing_that_shows_or_computes() -> None:
    banned = {"click", "rich", "numpy", "torch", "pytest", "hypothesis"}
    assert breaches(lambda name, other: layer(name) != "core" or other.partition(".")[0] not in banned) == []


def test_only_the_view_and_the_command_line_know_rich() -> None:
    assert breaches(lambda name, other: layer(name) in ("view", "cli") or other.partition(".")[0] != "rich") == []


def test_only_the_command_line_knows_click() -> None:
    assert breaches(lambda name, other: layer(name) == "cli" or other.partition(".")[0] != "click") == []


def test_only_grading_knows_pytest_and_hypothesis() -> None:
    banned = {"pytest", "_pytest", "hypothesis"}
    assert breaches(lambda name, other: layer(name) == "grading" or other.partition(".")[0] not in banned) == []


def test_nothing_is_pickled() -> None:
    assert breaches(lambda _name, other: other not in ("pickle", "marshal", "shelve", "dill")) == []


def test_the_core_never_prints() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for name, path in modules().items()
        if layer(name) in ("core", "data", "grading", "watch")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "input")
    ]
    assert found == []
