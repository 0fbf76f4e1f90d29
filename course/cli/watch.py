"""`course watch`: every save is checked."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from course.cli.base import step_argument
from course.errors import UsageError
from course.session import open_session

if TYPE_CHECKING:
    from course.view.keys import Keys
    from course.view.watch import Terminal
    from course.watch.loop import Screen, Watch

# What each of these keys does is a command of its own.
COMMANDS = {"n": ["next"], "h": ["hint"], "m": ["mentor"], "r": ["replay"], "l": ["lesson"]}
# Editors that need a terminal of their own; the watch has this one.
TERMINAL_EDITORS = {"vi", "vim", "nvim", "nano", "pico", "micro", "hx", "helix", "joe", "ne", "kak", "ed", "mcedit"}


@click.command()
@step_argument()
@click.option("--plain", is_flag=True, help="Print each verdict below the one before (as when piped); no keys.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each verdict.")
@click.option("--poll", is_flag=True, help="Look at the files all the time: for folders that send no events.")
@click.option("--editor", is_flag=True, help="Open your file in $VISUAL or $EDITOR as well.")
def watch(step: str | None, plain: bool, as_json: bool, poll: bool, editor: bool) -> None:
    """Check a step each time you save it (default: the current one).

    \b
    Keys:  n next   h hint   m mentor's prompt   r replay   l lesson   a all properties   q quit
    A save during a check ends it and starts the next. s stops a check, Enter checks again.
    """
    began = time.time()
    session = open_session()
    chosen = session.step(step)
    from course.view.console import link_to  # noqa: PLC0415 - nothing heavy before the usage is known to be right
    from course.view.keys import Keys  # noqa: PLC0415
    from course.view.watch import JsonLines, Plain, Terminal  # noqa: PLC0415
    from course.watch.door import Door  # noqa: PLC0415
    from course.watch.loop import Watch  # noqa: PLC0415

    on_terminal = sys.stdout.isatty() and not plain and not as_json
    screen: Screen = JsonLines() if as_json else Terminal() if on_terminal else Plain()
    link_to(session.workspace.root)
    watching = Watch(session, chosen, screen, began)
    with Door(session, watching.events), _signals(watching, screen):
        keys = Keys(lambda key: watching.events.put(("key", key))) if on_terminal and Keys.possible() else None
        if keys is not None and isinstance(screen, Terminal):
            watching.key = _Pressed(keys, screen).key
        try:
            if editor:
                _open_editor(session.workspace.file(chosen))
            watching.run(poll=poll)
        finally:
            if keys is not None:
                keys.close()
            if isinstance(screen, Terminal):
                screen.leave()


@contextlib.contextmanager
def _signals(watching: Watch, screen: Screen) -> Iterator[None]:
    """End in good order on Ctrl-C and its like; draw again when the window changed or the program was in the back."""

    def redraw() -> None:
        draw: Any = getattr(screen, "draw", None)
        if draw is not None:
            watching.events.put(("do", draw))

    def interrupt(*_: object) -> None:
        if not getattr(screen, "hidden", False):  # else it is meant for the command that has the terminal
            watching.stop()

    handlers: dict[str, Any] = {"SIGINT": interrupt}
    handlers |= {name: lambda *_: watching.stop() for name in ("SIGTERM", "SIGHUP")}
    handlers |= {name: lambda *_: redraw() for name in ("SIGWINCH", "SIGCONT")}
    before = {}
    for name, handler in handlers.items():
        if hasattr(signal, name):
            before[name] = signal.signal(getattr(signal, name), handler)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


class _Pressed:
    """What the keys do. The commands run in a process of their own and have the terminal meanwhile."""

    def __init__(self, keys: Keys, screen: Terminal) -> None:
        self._keys, self._screen = keys, screen

    def key(self, watching: Watch, key: str) -> None:
        if key in ("q", "Q", "\x03", "\x04", ""):
            watching.stop()
        elif key.lower() == "a":
            self._screen.show_last(everything=True)
        elif key.lower() == "s":
            watching.halt()
        elif key in ("\r", "\n", " "):
            watching.check_again()
        elif command := COMMANDS.get(key.lower()):
            self._run(watching, command)

    def _run(self, watching: Watch, command: list[str]) -> None:
        step = watching.step
        if command == ["next"] and not (watching.last and watching.last.passed and watching.last.step == step.key):
            self._screen.note(f"{step.number} has not passed yet.", "n opens the next step once it has")
            return
        arguments = command if command == ["next"] else [*command, step.number]
        self._keys.pause()
        self._screen.hide()
        program = [sys.executable, "-m", "course", *arguments]
        click.clear()
        process = subprocess.Popen(program, cwd=watching.session.workspace.root)

        def over() -> None:
            self._keys.resume()
            if command == ["next"] and process.returncode == 0:
                self._moved_on(watching)
            self._screen.appear()

        def wait() -> None:
            process.wait()
            watching.events.put(("do", over))

        threading.Thread(target=wait, daemon=True).start()

    def _moved_on(self, watching: Watch) -> None:
        session = open_session(watching.session.workspace.root)
        current = session.progress.current
        if current is not None and current in session.curriculum and current != watching.step.key:
            watching.session = session
            self._screen.opened(session, session.curriculum[current])
            watching.turn_to(session.curriculum[current])


def _open_editor(file: Path) -> None:
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not named:
        raise UsageError("--editor needs to know which.", hint="export EDITOR=code   or VISUAL; then again")
    program = shlex.split(named, posix=os.name == "posix")
    if Path(program[0]).stem in TERMINAL_EDITORS and "TMUX" not in os.environ:
        raise UsageError(
            f"{program[0]} needs a terminal, and the watch has this one.",
            hint=f"in another terminal: {named} {file}   (inside tmux, --editor opens it in a second pane)",
        )
    if Path(program[0]).stem in TERMINAL_EDITORS:
        program = ["tmux", "split-window", "-h", shlex.join([*program, str(file)])]
    else:
        program = [*program, str(file)]
    try:
        subprocess.Popen(
            program, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=os.name == "posix",
        )  # fmt: skip
    except OSError as error:
        raise UsageError(f"{program[0]} could not be started: {error.strerror}.", hint="check $VISUAL") from error
