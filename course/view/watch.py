"""What `course watch` shows: on a terminal the last verdict and the keys, elsewhere a text or a line of JSON each."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from rich.control import Control
from rich.text import Text

from course.curriculum import Step
from course.grading.outcomes import SCHEMA, Outcome, Verdict
from course.grading.score import read_score
from course.session import Session
from course.view import verdict as view
from course.view import welcome
from course.view.console import console, link, say, say_cut

KEYS = (
    ("n", "next"), ("h", "hint"), ("m", "mentor"), ("r", "replay"), ("l", "lesson"), ("a", "all"), ("q", "quit"),
)  # fmt: skip
# Below this a check is over before one could read how far it is.
QUIET_SECONDS = 0.25
# Below the verdict: an empty line, the keys, and what is going on.
LINES_BELOW = 3


class JsonLines:
    """One line of JSON for each verdict, for editors and other programs."""

    def checking(self, step: Step) -> None: ...

    def first_failure(self, step: Step, outcome: Outcome, claim: str, summary: str, wall: float) -> None: ...

    def progress(self, done: int, properties: int, examples: int, seconds: float, left: float | None) -> None: ...

    def verdict(self, session: Session, step: Step, verdict: Verdict, wall: float, first: float | None) -> None:
        times = {"wall": round(wall, 3), "first_failure_after": None if first is None else round(first, 3)}
        self._line(verdict.as_json() | times)

    def note(self, text: str, hint: str = "") -> None:
        self._line({"schema": SCHEMA, "note": text, "hint": hint})

    def _line(self, data: dict[str, object]) -> None:
        print(json.dumps(data, ensure_ascii=False), flush=True)  # noqa: T201 - the one output of this view


class Plain:
    """Every verdict below the one before: for a log, a pipe or a terminal that can do no more."""

    def checking(self, step: Step) -> None: ...

    def first_failure(self, step: Step, outcome: Outcome, claim: str, summary: str, wall: float) -> None: ...

    def progress(self, done: int, properties: int, examples: int, seconds: float, left: float | None) -> None: ...

    def verdict(self, session: Session, step: Step, verdict: Verdict, wall: float, first: float | None) -> None:
        say(Text(f"— {time.strftime('%H:%M:%S')} {_took(wall, first)}", "quiet"))
        _show_verdict(session, step, verdict)
        sys.stdout.flush()

    def note(self, text: str, hint: str = "") -> None:
        _show_note(text, hint)
        sys.stdout.flush()


class Terminal:
    """The whole screen: where one is, the last verdict, and below it the keys; drawn again at every change of size."""

    def __init__(self) -> None:
        self._body: Callable[[], None] = lambda: None
        self._cut = False
        self._step: Step | None = None
        self._status = ""
        self._last: tuple[Session, Step, Verdict] | None = None
        self._wall: tuple[float, float | None] = (0.0, None)
        # Another program has the screen; and something happened meanwhile.
        self.hidden = self._missed = False
        # A step has just been opened, and what `course next` said of it is on the screen.
        self._opened = False

    def checking(self, step: Step) -> None:
        fresh, self._step = self._step is not step, step
        if fresh:
            self._draw(lambda: say("checking …", "quiet", indent=2))
        else:
            self._say_status("checking …")

    def opened(self, session: Session, step: Step) -> None:
        """A step was opened: what `course next` says of it stays until there is something to say about the code."""
        # Of the steps that share a file the first brings it.
        copied = session.curriculum.sharing(step)[0] is step

        def body() -> None:
            welcome.show_opened(session.curriculum, step, session.workspace.root, copied=copied, lesson=True)

        self._step, self._body, self._cut, self._opened, self._missed = step, body, True, True, True

    def first_failure(self, step: Step, outcome: Outcome, claim: str, summary: str, wall: float) -> None:
        if self._opened and outcome is Outcome.UNFINISHED:
            return

        def body() -> None:
            say(Text.assemble(("✗ ", outcome.value), (f"{step.number} {step.title}", "bold")))
            say(Text.assemble((f"{view.WORDS[outcome]}  ", outcome.value), (claim, "bold")), indent=2)
            say(summary, indent=4)
            say(f"seen after {wall:.2f} s; the whole verdict follows", "quiet", indent=4)

        self._draw(body, cut=True)

    def progress(self, done: int, properties: int, examples: int, seconds: float, left: float | None) -> None:
        if seconds < QUIET_SECONDS:
            return
        much = f", about {left:.0f} s left" if left is not None and left >= 1 else ""
        self._say_status(f"{done} of {properties} properties, {examples} inputs, {seconds:.1f} s{much}   s stops")

    def verdict(self, session: Session, step: Step, verdict: Verdict, wall: float, first: float | None) -> None:
        self._step, self._last, self._wall = step, (session, step, verdict), (wall, first)
        nothing = all(one.outcome is Outcome.UNFINISHED for one in verdict.properties)
        greeted, self._opened = self._opened, False
        if greeted and nothing:
            self._say_status("nothing is written yet; the next save is checked")
        else:
            self.show_last()

    def show_last(self, *, everything: bool = False) -> None:
        """Draw the last verdict (again), or every property of it in a line."""
        if self._last is None:
            return
        session, step, verdict = self._last

        def body() -> None:
            if everything:
                view.show_all(step, verdict)
            else:
                _show_verdict(session, step, verdict)
            say(_took(*self._wall), "quiet", indent=2)

        self._draw(body, cut=not everything)

    def note(self, text: str, hint: str = "") -> None:
        self._draw(lambda: _show_note(text, hint))

    def draw(self) -> None:
        """Draw it all again: the size changed, or another program had the screen."""
        self._draw(self._body, cut=self._cut)

    def hide(self) -> None:
        """Another program has the screen now."""
        self.hidden, self._missed = True, False

    def appear(self) -> None:
        """Go on below what the other program wrote, unless there is something new to show."""
        self.hidden = False
        if self._missed:
            self.draw()
        else:
            say()
            self.show_keys()

    def leave(self) -> None:
        """Nothing is left on the last line, the cursor stands below."""
        if self._status:
            self._say_status("")

    # ------------------------------------------------------------ drawing

    def _draw(self, body: Callable[[], None], *, cut: bool = False) -> None:
        """Draw the screen anew; what is `cut` to its height keeps its beginning, which says what is wrong."""
        self._body, self._cut, self._status = body, cut, ""
        if self.hidden:
            self._missed = True
            return
        out = console()
        out.control(Control.home(), Control.clear())
        with out.capture() as drawn:
            self._head()
            say()
            body()
        lines = drawn.get().splitlines(keepends=True)
        room = max(out.height - LINES_BELOW, 1)
        out.file.writelines(lines if not cut or len(lines) <= room else lines[: room - 1])
        if cut and len(lines) > room:
            say_cut(Text(f"… {len(lines) - room + 1} lines more in a taller window", style="quiet"), indent=2)
        say()
        self.show_keys()

    def _head(self) -> None:
        if self._step is not None:
            where = link(Text(self._step.path, style="code"), self._step.path)
            say_cut(Text.assemble(("watching ", "quiet"), (f"{self._step.number} ", "bold"), where))

    def show_keys(self) -> None:
        """The keys in one line where there is room for their words, else the letters only."""
        words = Text("   ").join(Text.assemble((key, "command"), (f" {word}", "quiet")) for key, word in KEYS)
        letters = Text(" ").join(Text(key, style="command") for key, _ in KEYS)
        say_cut(words if words.cell_len <= console().width else letters)

    def _say_status(self, text: str) -> None:
        """Write over the last line; a terminal that is too narrow shows its beginning."""
        self._status = text
        if self.hidden:
            return
        out = console()
        line = Text(text, style="quiet")
        line.truncate(max(out.width - 1, 1), overflow="ellipsis")
        out.file.write("\r\x1b[K")
        out.print(line, end="", soft_wrap=True)
        out.file.flush()


def _took(wall: float, first: float | None) -> str:
    since = f"verdict after {wall:.2f} s"
    return since if first is None else f"{since}, the first failure after {first:.2f} s"


def _show_verdict(session: Session, step: Step, verdict: Verdict) -> None:
    view.show(step, verdict, watched=True)
    if verdict.passed:
        current = session.progress.current == step.key
        view.show_way_on(step, session.following(), read_score(session.content, step), current=current)


def _show_note(text: str, hint: str) -> None:
    say(Text.assemble(("✗ ", "wrong"), text))
    if hint:
        say(hint, indent=2)
