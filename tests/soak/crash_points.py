"""Kill a command at every line of the code that writes, one line after the other, and look at what is left.

Random kills find what is likely; this finds what is possible: whatever is written is written by these lines, so a kill
between any two of them is tried. Each action runs in a fork of its own that is ended (SIGKILL) before the N-th line,
for every N; then everything must be whole, and the same action, done again, must succeed.

    python tests/soak/crash_points.py     prints how many points each action has
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import course
from course.content import Content
from course.curriculum import load_curriculum
from course.errors import CourseError, ProgressUnreadable, UsageError
from course.grading.last import NotChecked, read_last
from course.grading.outcomes import Outcome, PropertyResult, Verdict
from course.grading.record import record
from course.lock import locked
from course.mentor import journal
from course.merge import combine
from course.progress import (
    Progress,
    attempts,
    latest_copy,
    load_progress,
    now,
    previous_copy,
    restore,
    update,
)
from course.session import Session
from course.workspace import Workspace, make_workspace, open_stub, reset_stub

FAKE = Path(__file__).resolve().parents[1] / "fixtures" / "course"
CONTENT = Content(FAKE)
CURRICULUM = load_curriculum(CONTENT)
DOUBLE, MEAN = CURRICULUM["alpha/double"], CURRICULUM["alpha/mean"]
MINE = b"def double(x):\n    return 2 * x  # mine\n"
JOURNAL = b"# Journal\n\nwhat I wrote\n"
# Everything of the core that takes part in writing.
WATCHED = {
    str(Path(course.__file__).parent / name)
    for name in (
        "files.py", "lock.py", "progress.py", "merge.py", "workspace.py", "session.py", "grading/record.py",
        "grading/last.py", "mentor/journal.py",
    )
}  # fmt: skip


def laid(root: Path) -> Workspace:
    """A workspace with a pass, a step that is being written, a history and a journal."""
    root.mkdir(parents=True)
    workspace = make_workspace(root)
    with update(workspace.progress, create=True):
        pass
    open_stub(workspace, CONTENT, DOUBLE)
    workspace.file(DOUBLE).write_bytes(MINE)
    record(workspace, DOUBLE, verdict(workspace))
    (root / "journal.md").write_bytes(JOURNAL)
    return workspace


def verdict(workspace: Workspace, seed: int = 1) -> Verdict:
    code, raw = workspace.fingerprint(DOUBLE)
    results = (PropertyResult("test_double", "double(x) is 2·x", Outcome.PASSED, 20),)
    return Verdict("alpha/double", Outcome.PASSED, results, seed, 0.1, code, raw, "grader")


def session(workspace: Workspace) -> Session:
    return Session(CURRICULUM, workspace, load_progress(workspace.progress))


@dataclass(frozen=True)
class Action:
    """What is done, what must be so whenever it is killed, and what must be so once it is done."""

    do: Callable[[Workspace], object]
    before: Callable[[Workspace], object] = lambda _workspace: None
    mends: bool = False
    done: Callable[[Workspace], bool] = lambda _workspace: True


def other(workspace: Workspace) -> Path:
    path = workspace.root / "other.json"
    text = workspace.progress.read_text(encoding="utf-8")
    path.write_text(text.replace('"opened": {', '"opened": {\n    "gone/step": "2026",', 1), encoding="utf-8")
    return path


def conflict(workspace: Workspace) -> None:
    lines = workspace.progress.read_bytes().splitlines(keepends=True)
    marked = [b"<<<<<<< HEAD\n", lines[2], b"=======\n", b'  "created": "1999",\n', b">>>>>>> x\n"]
    workspace.progress.write_bytes(b"".join([*lines[:2], *marked, *lines[3:]]))


def reset(workspace: Workspace) -> None:
    """Put the stub back, as long as what lies there is the learner's."""
    if workspace.file(DOUBLE).read_bytes() == MINE:
        reset_stub(workspace, CONTENT, DOUBLE)


def is_reset(workspace: Workspace) -> bool:
    return workspace.file(DOUBLE).read_bytes() == CONTENT.stub("alpha/double").read_bytes()


def init(workspace: Workspace) -> None:
    with suppress(UsageError):  # it is one already
        make_workspace(workspace.root)
    with update(workspace.progress, create=True) as progress:
        progress.strict = True


def strict(workspace: Workspace) -> bool:
    return load_progress(workspace.progress).strict and (workspace.root / "pyproject.toml").is_file()


def _empty(workspace: Workspace) -> None:
    shutil.rmtree(workspace.root)
    workspace.root.mkdir()


ACTIONS = {
    "record a pass": Action(lambda w: record(w, DOUBLE, verdict(w, 2)), done=lambda w: _seed(w) == 2),
    "open a step": Action(lambda w: session(w).open(MEAN), done=lambda w: w.file(MEAN).is_file()),
    "reset a step": Action(reset, done=is_reset),
    "restore": Action(lambda w: restore(w.progress), lambda w: w.progress.write_bytes(b"{"), mends=True),
    "merge": Action(
        lambda w: combine(CURRICULUM, w, [w.root / "other.json"], conflict=False),
        other,
        done=lambda w: "gone/step" in load_progress(w.progress).opened,
    ),
    "merge a conflict": Action(lambda w: combine(CURRICULUM, w, [], conflict=True), conflict, mends=True),
    "write the journal": Action(
        lambda w: journal.write(session(w), DOUBLE, "mine"), done=lambda w: b"mine" in _journal(w)
    ),
    "make a workspace": Action(init, _empty, done=strict),
}


def _seed(workspace: Workspace) -> int:
    return load_progress(workspace.progress).passed["alpha/double"].seed


def _journal(workspace: Workspace) -> bytes:
    return (workspace.root / "journal.md").read_bytes()


def whole(workspace: Workspace, action: Action, *, empty: bool) -> None:
    """Insist that nothing is lost, half written or locked."""
    path = workspace.progress
    if path.exists():
        progress = _progress(path, action)
        assert progress is None or empty or set(progress.passed) == {"alpha/double"}
        assert progress is None or progress.created
    else:
        assert empty, "progress.json is lost"
    for copy in (latest_copy(path), previous_copy(path)):
        if copy.exists():
            load_progress(copy)
    for name in ("README.md", "pyproject.toml"):
        assert not (workspace.root / name).exists() or (workspace.root / name).stat().st_size
    if not empty:
        kept = [one.read_bytes() for one in (workspace.state / "kept").glob("*.py")]
        assert workspace.file(DOUBLE).read_bytes() == MINE or (is_reset(workspace) and MINE in kept)
        assert _journal(workspace).startswith(JOURNAL)
        assert attempts(path)[0]["step"] == "alpha/double"
        with suppress(NotChecked, UsageError):
            read_last(workspace, DOUBLE)
    if workspace.file(MEAN).exists():
        assert workspace.file(MEAN).read_bytes() == CONTENT.stub("alpha/mean").read_bytes()
    workspace.state.mkdir(exist_ok=True)
    with locked(workspace.state):
        pass


def _progress(path: Path, action: Action) -> Progress | None:
    """What is recorded; None for a broken file that the killed command was to mend."""
    try:
        return load_progress(path)
    except ProgressUnreadable:
        assert action.mends
        return None


def forked(action: Action, workspace: Workspace, point: int) -> bool:
    """Do it in a process that is killed before its N-th line of those that are watched; say whether it got through."""
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the action failed"
        return not os.WIFSIGNALED(status)
    left = [point]

    def line(_frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
        return line

    code = 1
    try:
        sys.settrace(lambda frame, _event, _argument: line if frame.f_code.co_filename in WATCHED else None)
        action.do(workspace)
        sys.settrace(None)
        code = 0
    finally:
        os._exit(code)
    raise AssertionError


def points(name: str, folder: Path, every: int = 1) -> Iterator[int]:
    """Kill an action at each of its points; yield their numbers as they were found in order."""
    action, template = ACTIONS[name], laid(folder / "template")
    action.before(template)
    empty, point = not template.progress.exists(), 1
    while True:
        workspace = Workspace(folder / "work")
        shutil.copytree(template.root, workspace.root)
        through = forked(action, workspace, point)
        whole(workspace, action, empty=empty)
        if not (action.mends and _progress(workspace.progress, action)):
            action.do(workspace)
        assert load_progress(workspace.progress).passed or empty
        assert action.done(workspace), "done again, it has no effect"
        assert len(list(workspace.root.rglob("*.tmp"))) == 0, "a spare file is left after the action was done again"
        shutil.rmtree(workspace.root)
        if through:
            return
        yield point
        point += every


def main() -> None:
    os.fsync = lambda _handle: None  # a killed process leaves the disk alone; waiting for it takes most of the time
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    total = 0
    for name in ACTIONS:
        with tempfile.TemporaryDirectory() as folder:
            count = 0
            try:
                for count, point in enumerate(points(name, Path(folder).resolve(), every), 1):  # noqa: B007
                    pass
            except (AssertionError, CourseError, OSError) as error:
                sys.exit(f"{name}, killed at line {1 + every * count}: {type(error).__name__}: {error}")
        total += count
        print(f"{count:5} {name}", flush=True)
    print(f"{total:5} kills, nothing lost ({now()})")


if __name__ == "__main__":
    main()
