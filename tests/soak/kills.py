"""Kill the real program at random moments and insist that nothing is lost.

A seeded learner edits, checks, moves on, resets, predicts, keeps a journal, breaks progress.json and restores it, joins
another machine's copy. Every command is killed with its process group (SIGKILL): half of them at any moment of their
run, the others within two milliseconds of one of their writes. After each kill everything that had been recorded or
written must still be there, the next command must find no lock and no half file, and no process may be left.

    python tests/soak/kills.py --kills 1000 --seed 1     prints what was killed when
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from course.cli.base import VERBS
from course.content import Content
from course.curriculum import Curriculum, Step, load_curriculum
from course.errors import ProgressUnreadable
from course.gate import State, standings
from course.grading import scratch
from course.lock import locked
from course.mentor.predict import begin
from course.progress import Progress, attempts, load_progress
from course.workspace import Workspace, find_workspace

TESTS = Path(__file__).resolve().parents[1]
FAKE = TESTS / "fixtures" / "course"

# The real program. It says on a pipe of its own when it is about to write, so that a kill can be aimed.
PROGRAM = """
import os, sys
pipe, home = int(sys.argv.pop(1)), os.getcwd()
def watch(event, arguments):
    if event in ("os.rename", "os.link", "os.remove") or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
        if str(arguments[0]).startswith(home):
            os.write(pipe, b"w")
sys.addaudithook(watch)
from course.cli import run
run()
"""
PREDICTIONS = '\n[[predict]]\nask = "Twice {x}?"\ndraw = { x = [2, 99] }\nanswer = "2 * x"\n'
SEARCH = os.pathsep.join([str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
NEAR_SECONDS = 0.002
GONE_SECONDS = 10.0
# What killed commands may leave: one spare file of each kind.
MOST_SPARES = 12


@dataclass
class Verb:
    """What to type, what to do before it, and how often it comes compared with the others."""

    arguments: Callable[[Bench], list[str]]
    before: Callable[[Bench], None] = lambda _bench: None
    weight: int = 2


# One line a verb.
TYPED = {
    "check": Verb(lambda bench: ["check"], lambda bench: bench.edit(), weight=5),
    "next": Verb(lambda bench: ["next"], lambda bench: bench.edit(right=True), weight=4),
    "reset": Verb(lambda bench: ["reset", bench.some_step().number, "--yes"], lambda bench: bench.edit(), weight=4),
    "predict": Verb(lambda bench: bench.predictions(), weight=3),
    "journal": Verb(lambda bench: ["journal", f"entry {bench.count}: what I learned"], weight=3),
    "restore": Verb(lambda bench: ["progress", "restore"], lambda bench: bench.break_progress(), weight=3),
    "merge": Verb(lambda bench: ["progress", "merge", "other.json"], lambda bench: bench.other_copy(), weight=3),
    "conflict": Verb(
        lambda bench: ["progress", "merge", "--conflict"], lambda bench: bench.conflict(), weight=2
    ),
    "init": Verb(lambda bench: ["init", "."], lambda bench: bench.move_out(), weight=2),
    "start": Verb(lambda bench: ["start"], weight=2),
    **({"watch": Verb(lambda bench: ["watch"], lambda bench: bench.edit())} if "watch" in VERBS else {}),
}  # fmt: skip


@dataclass
class Kill:
    """One command that was killed, or that ended first (`part` is then 2)."""

    verb: str
    aimed: bool
    part: float
    writes: int
    of: int
    orphan_seconds: float

    @property
    def where(self) -> str:
        if self.part > 1:
            return "ended first"
        if self.writes == 0:
            return "before its first write"
        return "between its writes" if self.writes < self.of else "after its last write"


@dataclass
class Run:
    """One command's end: how long it took, how often it wrote, what it printed, and its exit code."""

    seconds: float
    writes: int
    code: int
    said: str


@dataclass
class Bench:
    """A learner's workspace, and what must be in it."""

    root: Path
    seed: int
    count: int = 0
    kills: list[Kill] = field(default_factory=list)
    mine: dict[str, bytes] = field(default_factory=dict)
    gone: list[bytes] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    predicted: set[str] = field(default_factory=set)
    broken: bool = False
    usual: dict[str, Run] = field(default_factory=dict)
    swept: int = 0

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.scratch = self.root / "tmp"
        self.scratch.mkdir(parents=True)
        shutil.copytree(FAKE, self.root / "content")
        self.content = Content(self.root / "content")
        self.curriculum: Curriculum = load_curriculum(self.content)
        for step in self.curriculum:
            with self.content.prompt(step.key).open("a", encoding="utf-8") as file:
                file.write(PREDICTIONS)
        self.move_out()
        assert self.run("init", ["init", "."]).code == 0

    # ------------------------------------------------------------ the learner

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.home)

    @property
    def progress(self) -> Progress:
        return load_progress(self.workspace.progress)

    def move_out(self) -> None:
        """Begin anew in an empty folder."""
        self.count += 1
        self.home = self.root / f"work-{self.count}"
        self.home.mkdir()
        self.mine, self.gone = {}, []
        self.passed, self.opened, self.predicted = set(), set(), set()

    def some_step(self) -> Step:
        found = standings(self.curriculum, self.workspace, self.progress)
        return self.draw.choice([step for step in self.curriculum if found[step.key].state is not State.LOCKED])

    def edit(self, *, right: bool | None = None) -> None:
        """Save another version of the current step's file: right or wrong, never the same twice."""
        key = self.progress.current
        if key is None:
            return
        step = self.curriculum[key]
        source = self.content.reference(step.file).read_text(encoding="utf-8")
        if not (self.draw.random() < 0.7 if right is None else right):
            source = source.replace("return ", "return None and ", 1)
        self.workspace.file(step).parent.mkdir(parents=True, exist_ok=True)
        self.mine[step.path] = f"{source}\n\nVERSION = {self.count}\n".encode()
        self.workspace.file(step).write_bytes(self.mine[step.path])

    def predictions(self) -> list[str]:
        step, seed = self.some_step(), self.draw.randrange(10**6)
        game = begin(self.content, step, seed, [])
        answers = ";".join(str(question.answer) for question in game.questions)
        return ["predict", step.number, "--seed", str(seed), "--answers", answers if self.draw.random() < 0.7 else "1"]

    def break_progress(self) -> None:
        """Leave a file that cannot be read; what was recorded in it must come back all the same."""
        path, self.broken = self.workspace.progress, True
        data = path.read_bytes()
        path.write_bytes(self.draw.choice([b"", data[: len(data) // 2], b"\0" * len(data), b"{}"]))

    def other_copy(self) -> None:
        """Another machine's copy, which has opened a step more."""
        data = json.loads(self.workspace.progress.read_bytes())
        data["opened"][f"gone/step{self.count}"] = "2026-01-01T00:00:00Z"
        (self.home / "other.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")

    def conflict(self) -> None:
        """What git leaves when both machines opened a step."""
        lines = self.workspace.progress.read_bytes().splitlines(keepends=True)
        place = next(n for n, line in enumerate(lines) if b'"created"' in line)
        mark = [b"<<<<<<< HEAD\n", lines[place], b"=======\n", b'  "created": "%d",\n' % self.count, b">>>>>>> other\n"]
        self.broken = True
        self.workspace.progress.write_bytes(b"".join([*lines[:place], *mark, *lines[place + 1 :]]))

    # ------------------------------------------------------------ one command

    def start(self, arguments: list[str]) -> tuple[subprocess.Popen[str], int]:
        mine, theirs = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(theirs), *arguments],
            cwd=self.home, pass_fds=[theirs], start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
            env=os.environ | {"COURSE_CONTENT": str(self.content.root), "TMPDIR": str(self.scratch),
                              "PYTHONPATH": SEARCH, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        os.close(theirs)
        return process, mine

    def run(self, verb: str, arguments: list[str]) -> Run:
        """Let a command end; it must, and without a traceback. What it took is what is usual for the verb."""
        began = time.monotonic()
        process, pipe = self.start(arguments)
        if verb == "watch":  # it goes on until it is told to stop
            time.sleep(3.0)
            process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=120)
        done = Run(time.monotonic() - began, _writes(pipe), process.returncode, said)
        os.close(pipe)
        assert "Traceback" not in said, said
        known = self.usual.setdefault(verb, done)
        known.writes = max(known.writes, done.writes)
        known.seconds = (known.seconds + done.seconds) / 2  # the machine has other things to do, more or less
        return done

    def kill(self, verb: str, arguments: list[str]) -> str:
        """Start a command and kill it; return what it had printed."""
        usual, aimed = self.usual[verb], self.draw.random() < 0.5
        began = time.monotonic()
        process, pipe = self.start(arguments)
        writes = 0
        if aimed and usual.writes:
            wanted = self.draw.randint(1, usual.writes)
            while writes < wanted and select.select([pipe], [], [], 120)[0] and (more := len(os.read(pipe, 1))):
                writes += more
            time.sleep(self.draw.uniform(0, NEAR_SECONDS))
        else:
            aimed = False
            time.sleep(self.draw.uniform(0, 1.05) * usual.seconds)
        taken = time.monotonic() - began
        alive = process.poll() is None
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate(timeout=60)
        alive = alive and process.returncode == -signal.SIGKILL
        orphans = self.wait_for_orphans()
        writes += _writes(pipe)
        os.close(pipe)
        assert "Traceback" not in said, said
        part = min(taken / usual.seconds, 1.0) if alive else 2.0
        if not alive:
            usual.seconds = (usual.seconds + taken) / 2
        self.kills.append(Kill(verb, aimed, part, writes, max(usual.writes, writes), orphans))
        return said

    def wait_for_orphans(self) -> float:
        """Wait until no process works in our folders; return how long that took."""
        began = time.monotonic()
        while left := [process for process in psutil.process_iter() if self.is_ours(process)]:
            assert time.monotonic() - began < GONE_SECONDS, left
            time.sleep(0.02)
        return time.monotonic() - began

    def is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.cwd().startswith(str(self.root)) and process.pid != os.getpid()
        except (psutil.Error, OSError):  # it is gone, or another's
            return False

    # ------------------------------------------------------------ one round

    def round(self, verb: str) -> None:
        """Do what the verb needs, kill it, and see that everything is there."""
        self.count += 1
        typed = TYPED[verb]
        if verb == "init":
            self.mend()
        typed.before(self)
        arguments = typed.arguments(self)
        if verb not in self.usual or self.count % 20 == 0:
            self.run(verb, arguments)
            self.look(verb, arguments)
            self.broken = False
            typed.before(self)
            arguments = typed.arguments(self)
        history = self.bytes_of(".course/attempts.jsonl")
        journal = self.bytes_of("journal.md")
        said = self.kill(verb, arguments)
        if verb == "init":
            done = self.run("init again", ["init", "."])
            assert done.code in (0, 2), done.said
        self.mend()
        assert self.bytes_of(".course/attempts.jsonl").startswith(history), "the history was rewritten"
        assert self.bytes_of("journal.md").startswith(journal), "the journal was rewritten"
        self.look(verb, arguments)
        if "properties hold" in said and "course next" in said and verb == "check":
            key = self.progress.current
            assert key in self.passed, f"the way on was shown, and nothing is recorded: {said}"

    def mend(self) -> None:
        """After a command that mends progress.json was killed, the file is mended, or the command mends it."""
        if not self.broken:
            return
        self.broken = False
        try:
            load_progress(self.workspace.progress)
        except ProgressUnreadable as error:
            verb = "conflict" if "merge conflict" in error.message else "restore"
            done = self.run(verb, TYPED[verb].arguments(self))
            assert done.code == 0, done.said

    def bytes_of(self, name: str) -> bytes:
        path = self.home / name
        return path.read_bytes() if path.exists() else b""

    def look(self, verb: str, arguments: list[str]) -> None:
        """Everything that was there is there; nothing is half written, locked or left over."""
        with locked(self.workspace.state):
            pass
        assert find_workspace(self.home).root == self.home
        progress = self.progress
        assert self.passed <= set(progress.passed), f"lost passes: {self.passed - set(progress.passed)}"
        assert self.opened <= set(progress.opened)
        assert self.predicted <= set(progress.predicted)
        self.passed, self.opened = set(progress.passed), set(progress.opened)
        self.predicted = set(progress.predicted)
        for name in ("previous", "latest"):
            if (copy := self.workspace.state / f"progress.{name}.json").exists():
                assert self.passed >= set(load_progress(copy).passed) or name == "latest"
        self.look_at_files(arguments[1] if verb == "reset" else None)
        entries = attempts(self.workspace.progress)
        lines = self.bytes_of(".course/attempts.jsonl").splitlines()
        assert len(lines) - len(entries) <= len(self.kills), "more half lines than kills"
        spares = list(self.home.rglob("*.tmp"))
        assert len(spares) <= MOST_SPARES, spares

    def look_at_files(self, reset: str | None) -> None:
        kept = [path.read_bytes() for path in (self.workspace.state / "kept").glob("*.py")]
        kept_as_known = Counter(kept)
        for step in self.curriculum:
            file, stub = self.workspace.file(step), self.content.stub(step.file).read_bytes()
            mine = self.mine.get(step.path)
            if not file.exists():
                assert mine is None, f"{step.path} is lost"
                continue
            now = file.read_bytes()
            if mine is None:
                assert now == stub, f"half a stub: {now!r}"
            elif now != mine:
                assert reset is not None, f"{step.path} was changed"
                assert now == stub
                assert mine in kept, f"{step.path} was reset and not kept"
                self.gone.append(mine)
            self.mine[step.path] = now
        assert all(kept_as_known[data] for data in self.gone), "a kept file is lost"

    def sweep(self) -> int:
        """The next judge removes what killed ones left in the folder for scratch, once it is a minute old."""
        left = list(self.scratch.iterdir())
        long_ago = time.time() - 2 * scratch.SETTLED
        for path in left:
            os.utime(path, (long_ago, long_ago))
        self.move_out()
        self.run("init", ["init", "."])
        said = self.run("start", ["start"]).said  # which opens the first step and grades it
        self.look("start", [])
        assert not list(self.scratch.iterdir()), f"scratch folders pile up: {list(self.scratch.rglob('*'))}\n{said}"
        return len(left)

    def soak(self, kills: int, *, sweep_every: int = 100) -> None:
        """Go on until so many commands were really killed."""
        verbs, weights = list(TYPED), [verb.weight for verb in TYPED.values()]
        most_left = 0
        while sum(kill.part <= 1 for kill in self.kills) < kills:
            self.round(self.draw.choices(verbs, weights)[0])
            most_left = max(most_left, len(list(self.scratch.iterdir())))
            if len(self.kills) % sweep_every == 0:
                self.swept += self.sweep()
        self.swept += self.sweep()


def _writes(pipe: int) -> int:
    """How often a command that has ended said that it writes, since this was read last."""
    count = 0
    while select.select([pipe], [], [], 0)[0] and (data := os.read(pipe, 1 << 16)):
        count += len(data)
    return count


def report(bench: Bench) -> str:
    """What was killed when."""
    killed = [kill for kill in bench.kills if kill.part <= 1]
    lines = [f"{len(killed)} commands killed, {len(bench.kills) - len(killed)} ended first (seed {bench.seed})"]
    for verb in TYPED:
        of_verb = [kill for kill in bench.kills if kill.verb == verb]
        where = Counter(kill.where for kill in of_verb)
        lines.append(f"  {verb:9} {len(of_verb):4}  " + ", ".join(f"{n} {words}" for words, n in where.most_common()))
    lines.append("when, in tenths of the usual time: " + " ".join(
        str(sum(tenth <= int(kill.part * 10 - 1e-9) < tenth + 1 for kill in killed)) for tenth in range(10)
    ))  # fmt: skip
    where = Counter(kill.where for kill in killed)
    lines.append("where: " + ", ".join(f"{n} {words}" for words, n in where.most_common()))
    lines.append(f"aimed at a write: {sum(kill.aimed for kill in killed)}")
    slowest = max((kill.orphan_seconds for kill in bench.kills), default=0.0)
    lines.append(f"the last process of a killed command was gone after {slowest:.2f} s at most")
    lines.append(f"scratch folders left by kills and removed by a later check: {bench.swept}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder).resolve() / "soak", options.seed)
        try:
            bench.soak(options.kills)
        finally:
            print(report(bench), flush=True)


if __name__ == "__main__":
    main()
