"""Every line of the list of bad input: it ends in the outcome one would expect, says so, and leaves nothing behind.

The submissions are texts; a correct one passes only if what is odd about it does no harm.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent, indent

import psutil
import pytest
from conftest import FAKE, open_step, write_reference
from grading_helpers import DOUBLE, FORGE, GRADER, nothing_left, said, small_course, submit

from course.content import Content
from course.curriculum import Budget, Curriculum
from course.errors import WorkspaceError
from course.grading import process
from course.grading.judge import Submission, grade
from course.grading.outcomes import Outcome
from course.workspace import Workspace

SHORT = 0.3

linux = pytest.mark.skipif(sys.platform != "linux", reason="stopped there by the system")


@dataclass(frozen=True)
class Case:
    """A submission and what must come of it; `says` is part of what the learner is told."""

    name: str
    source: str | bytes
    outcome: Outcome
    says: str = ""
    imports: tuple[str, ...] = ("stdlib",)
    memory: int = 256 << 20


def body(code: str, after: str = "return 2 * x") -> str:
    """`double` with this code in it; then it goes on as it should, if it still can."""
    return f"def double(x):\n{indent(dedent(code).strip(), '    ')}\n    {after}\n"


P, W, E, F = Outcome.PASSED, Outcome.WRONG, Outcome.ERROR, Outcome.FORBIDDEN
C, T, M = Outcome.CRASHED, Outcome.TIMEOUT, Outcome.MEMORY
NUMPY = ("stdlib", "numpy")

FILES = [
    Case("empty", "", E, "there is no double() in your file"),
    Case("another name", "def duoble(x): return 2 * x", E, "there is no double() in your file"),
    Case("not a function", "double = 2", E, "there is no double() in your file"),
    Case("syntax error", "def double(x:\n    return 2 * x", E, "SyntaxError: step.py:1: '(' was never closed"),
    Case("tab error", "def double(x):\n    y = 2\n\treturn y * x", E, "TabError: step.py:3: inconsistent use of tabs"),
    Case("indentation", "def double(x):\n    y = 2\n   return x", E, "IndentationError: step.py:3: unindent does not"),
    Case("null byte", b"x = '\0'\n", E, "null bytes"),
    Case("not UTF-8", b"x = '\xff\xfe'\n" + DOUBLE.encode(), E, "utf-8"),
    Case("BOM and CRLF", b"\xef\xbb\xbf" + DOUBLE.replace("\n", "\r\n").encode(), P),
    Case("latin-1 as declared", "# coding: latin-1\nö = 2\ndef double(x): return ö * x".encode("latin-1"), P),
    Case("too deep to compile", f"y = {'+'.join('1' * 20_000)}\n{DOUBLE}", E, "RecursionError"),
    Case("no argument", "def double(): return 2", E, "your double() cannot take this call: too many positional"),
    Case("too many arguments", "def double(x, y): return 2", E, "your double(x, y) cannot take this call: missing"),
    Case("an error while importing", "1 / 0\n" + DOUBLE, E, "ZeroDivisionError: division by zero"),
    Case("its place", "1 / 0\n" + DOUBLE, E, "minillm/tiny/step.py:1 in <module>"),
    Case("unfinished", "def double(x):\n    raise NotImplementedError('later')", Outcome.UNFINISHED, "not written yet"),
    Case("unfinished at import", "raise NotImplementedError", Outcome.UNFINISHED, "not written yet"),
    Case("an allowed module that is missing", "import not_installed\n" + DOUBLE, E, "is it installed",
         imports=("stdlib", "not_installed")),
    Case("a module of one's own that is missing", "from minillm.other import f\n" + DOUBLE, E, "minillm.other"),
]  # fmt: skip

IMPORTS = [
    Case("in the open", "import numpy as np\n" + DOUBLE, F, "`numpy` may not be imported in this step"),
    Case("of a missing package", "import pandas\n" + DOUBLE, F, "`pandas` may not be imported"),
    Case("of the engine", "import course.grading.wire\n" + DOUBLE, F, "`course.grading.wire` may not"),
    Case("by __import__", body("__import__('numpy')"), F, "`numpy` may not be imported"),
    Case("by __import__, hidden", body("__import__('num' + 'py')"), F, "import numpy"),
    Case("by importlib, hidden", "import importlib\n" + body("importlib.import_module('num' + 'py')"), F,
         "import numpy"),
    Case("by getattr", body("getattr(__builtins__, '__imp' 'ort__', None) or __builtins__['__import__']('num' + 'py')"),
         F, "import numpy"),
    Case("by exec", body("exec('import num' + 'py')"), F, "import numpy"),
    Case("by exec without names", body("exec('import num' + 'py', {})"), F, "import numpy"),
    Case("by eval", body("eval('__import__(\"num\" + \"py\")')"), F, "import numpy"),
    Case("swallowed", body("try:\n    exec('import num' + 'py')\nexcept BaseException:\n    pass"), F, "import numpy"),
    Case("swallowed at import", "try:\n    exec('import num' + 'py')\nexcept BaseException:\n    pass\n" + DOUBLE, F,
         "import numpy"),
    Case("in a thread", "import threading\n" + body("""
        def load():
            try:
                exec('import num' + 'py')
            except BaseException:
                pass
        one = threading.Thread(target=load)
        one.start()
        one.join()"""), F, "import numpy"),
    Case("of what is withheld", body("exec('import mult' + 'iprocessing')"), F, "import multiprocessing"),
    Case("of what only looks so", "from . import __doc__ as numpy\nimport math, json, random\n" + DOUBLE, P),
]  # fmt: skip

# Rules for these forbid numpy.sum.
SUM = "import numpy as np\ndef double(x):\n    return int({})\n"
CALLS = [
    Case("in the open", SUM.format("np.sum([x, x])"), F, "`numpy.sum` does what this step asks you to write"),
    Case("as imported", "from numpy import sum as add\ndef double(x): return int(add([x, x]))", F, "`numpy.sum` does"),
    Case("by star", "from numpy import *\ndef double(x): return int(sum([x, x]))", F, "numpy.sum does what"),
    Case("by getattr", SUM.format("getattr(np, 'sum')([x, x])"), F, "`numpy.sum` does"),
    Case("by getattr, hidden", SUM.format("getattr(np, 's' + 'um')([x, x])"), F, "numpy.sum does what"),
    Case("by vars", SUM.format("vars(np)['s' + 'um']([x, x])"), F, "numpy.sum does what"),
    Case("by sys.modules", "import sys\n" + SUM.format("sys.modules['num' + 'py'].sum([x, x])"), F, "numpy.sum does"),
    Case("by exec", SUM.format("eval('np.s' + 'um([x, x])')"), F, "numpy.sum does"),
    Case("where it really lives", SUM.format("np._core.fromnumeric.sum([x, x])"), F, "numpy.sum does"),
    Case("swallowed", "import numpy as np\n"
         + body("try:\n    eval('np.s' + 'um([x])')\nexcept BaseException:\n    pass"),
         F, "numpy.sum does"),
    Case("one's own of that name",
         "import numpy as np\ndef sum(x): return x[0] + x[1]\ndef double(x): return sum([x, x])", P),
    Case("a method", SUM.format("np.array([x, x]).sum()"), P),
    Case("loaded again", "import importlib\nimport numpy as np\nimportlib.reload(np._core.fromnumeric)\n"
         + SUM.format("np._core.fromnumeric.__dict__['s' + 'um']([x, x])"), F, "a second time"),
    Case("taken out and loaded again", "import sys\nimport numpy as np\ndel sys.modules['numpy._core.fromnumeric']\n"
         "import numpy._core.fromnumeric as f\ndef double(x): return int(f.__dict__['s' + 'um']([x, x]))", F),
]  # fmt: skip

BEHAVIOUR = [
    Case("prints a million lines", "import sys\n" + body("if x == 0:\n    for n in range(10**6): print(n)"), P),
    Case("prints without end", body("while True: print('x' * 1000)"), T, "took longer than 0.3 s"),
    Case("reads stdin", body("input('name? ')"), E, "EOFError: EOF when reading a line\nthere is no keyboard here"),
    Case("stops in the debugger", body("breakpoint()"), F, "course replay --pdb stops at a failing call"),
    Case("reads stdin at import", "input()\n" + DOUBLE, E, "EOFError"),
    Case("reads all of stdin", "import sys\n" + body("assert sys.stdin.read() == ''"), P),
    Case("closes its output", "import sys\n" + body("sys.stdout.close()\nsys.stderr = None"), P),
    Case("loops forever", body("while True: pass"), T, "one call took longer than 0.3 s"),
    Case("loops at import", "while True: pass", T, "one call took longer than 0.3 s"),
    Case("loops and swallows",
         body("while True:\n    try:\n        while True: pass\n    except BaseException: pass"), T),
    Case("sleeps", "import time\n" + body("time.sleep(60)"), T, "one call took longer"),
    Case("recurses forever", body("return double(x)"), E,
         "RecursionError: maximum recursion depth exceeded\nthe code calls"),
    Case("recurses past the limit", "import sys\ndef double(x):\n    sys.setrecursionlimit(10**9)\n"
         "    return max([x], key=double)", C, "SIGSEGV"),
    Case("allocates a list", body("a = []\nwhile True: a.append([0] * 10**6)"), M, "out of memory"),
    Case("allocates at once", body("bytearray(1 << 40)"), M, "out of memory"),
    Case("allocates arrays", "import numpy as np\n" + body("a = []\nwhile True: a.append(np.ones(10**6))"), M,
         "out of memory: Unable to allocate", NUMPY),
    Case("allocates one array", "import numpy as np\n" + body("np.ones(10**13)"), M, "Unable to allocate", NUMPY),
    Case("allocates at import", "x = [0] * 10**9\n" + DOUBLE, M, "out of memory"),
    Case("sys.exit", "import sys\n" + body("sys.exit(0)"), C, "the code called sys.exit(0)"),
    Case("sys.exit at import", "import sys\nsys.exit()\n" + DOUBLE, C, "the code called sys.exit()"),
    Case("exit", body("raise SystemExit('done')"), C, "sys.exit(done)"),
    Case("quit", body("quit()"), E, "NameError"),
    Case("os._exit", "import os\n" + body("os._exit(0)"), C, "the code ended the whole process (exit status 0)"),
    Case("os._exit at import", "import os\nos._exit(0)\n" + DOUBLE, C, "exit status 0"),
    Case("os.abort", "import os\n" + body("os.abort()"), C, "SIGABRT"),
    Case("a segfault", "import faulthandler\n" + body("faulthandler._sigsegv()"), C, "SIGSEGV"),
    Case("Ctrl-C from inside", body("raise KeyboardInterrupt"), E, "KeyboardInterrupt"),
    Case("an exception of no class known", "class Odd(BaseException): pass\n" + body("raise Odd('why')"), E,
         "Odd: why"),
    Case("an exception that cannot be shown",
         "class Odd(Exception):\n    def __str__(self): raise ValueError\n" + body("raise Odd"), E,
         "could not be read"),
    Case("an exception with a huge message", body("raise ValueError('x' * 10**7)"), E, "ValueError: xxx"),
    Case("an exception with a huge name", body("raise type('A' * 10**6, (Exception,), {})"), E, "AAA"),
    Case("a thread", "import threading\n" + body("one = threading.Thread(target=print)\none.start()\none.join()"), P),
    Case("a thread that goes on", "import threading, time\n"
         + body("threading.Thread(target=time.sleep, args=(60,)).start()"), P),
    Case("a thread that never rests", "import threading\ndef spin():\n    while True: pass\n"
         + body("if x == 0: threading.Thread(target=spin).start()"), P),
    Case("changes the directory", "import os\n" + body("os.chdir('/')\nos.chdir(os.sep)"), P),
    Case("changes the directory, wrong", "import os\ndef double(x):\n    os.chdir('/')\n    return x + 1", W),
]  # fmt: skip

OUTSIDE = [
    Case("os.system", "import os\n" + body("os.system('true')"), F, "starting another process"),
    Case("os.popen", "import os\n" + body("os.popen('true').read()"), F, "another process"),
    Case("os.fork", "import os\n" + body("os.fork()"), F, "starting another process"),
    Case("os.execv", "import os, sys\n" + body("os.execv(sys.executable, ['python', '-c', '0'])"), F,
         "another process"),
    Case("os.posix_spawn", "import os\n" + body("os.posix_spawn('/bin/true', ['true'], {})"), F, "another process"),
    Case("os.spawnv", "import os\n" + body("os.spawnv(os.P_WAIT, '/bin/true', ['true'])"), F, "another process"),
    Case("swallowed fork", "import os\n" + body("try: os.fork()\nexcept BaseException: pass"), F, "another process"),
    Case("subprocess", "import subprocess\n" + body("subprocess.run(['true'])"), F, "`subprocess` may not be imported"),
    Case("hidden subprocess", body("exec('import sub' + 'process')"), F, "import subprocess"),
    Case("_posixsubprocess", body("exec('import _posix' + 'subprocess')"), F, "import _posixsubprocess"),
    Case("pty", "import pty\n" + body("pty.spawn('true')"), F, "`pty` may not be imported"),
    Case("kills the parent", "import os, signal\n" + body("os.kill(os.getppid(), signal.SIGKILL)"), F, "os.kill"),
    Case("kills the group", "import os, signal\n" + body("os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)"), F,
         "os.killpg"),
    Case("kills itself", "import signal\n" + body("signal.raise_signal(signal.SIGKILL)"), C, "SIGKILL"),
    Case("stops itself", "import signal\n" + body("signal.raise_signal(signal.SIGSTOP)"), T, "took longer"),
    Case("ignores every signal", "import signal\n"
         + body("for n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass"), T, "took longer"),
    Case("the network", body("exec('import soc' + 'ket')"), F, "import socket"),
    Case("writes a file", body("open('/tmp/course_bad_input', 'w').write('x')"), F, "writing the file /tmp/course_bad"),
    Case("writes beside itself", body("open(__file__, 'a').write('x')"), F, "writing the file"),
    Case("removes itself", "import os\n" + body("os.remove(__file__)"), F, "os.remove"),
    Case("renames itself", "import os\n" + body("os.rename(__file__, '/tmp/x')"), F, "os.rename"),
    Case("makes a folder", "import pathlib\n" + body("pathlib.Path('/tmp/course_bad_folder').mkdir()"), F, "os.mkdir"),
    Case("writes in its scratch folder",
         body("open('a.txt', 'w').write('x' * 1000)\nassert len(open('a.txt').read()) == 1000"), P),
    Case("a temporary file", "import tempfile\n" + body("with tempfile.TemporaryFile() as f: f.write(b'x')"), P),
    Case("fills the disk", body("with open('a', 'wb') as f:\n    while True: f.write(bytes(1 << 20))"), E,
         "File too large"),
    Case("reads the grader", body("open(GRADER).read()"), F, "reading a grader"),
    Case("reads the reference", body("open(GRADER.replace('test_step', 'reference')).read()"), F, "reading a grader"),
    Case("reads the grader by descriptor", "import os\n" + body("os.open(GRADER, os.O_RDONLY)"), F, "reading a grader"),
    Case("reads the grader, swallowed", body("try: open(GRADER).read()\nexcept BaseException: pass"), F,
         "reading a grader"),
    Case("imports the grader", "import sys, os\n"
         + body("sys.path.insert(0, os.path.dirname(GRADER))\nimport reference"), F),
    Case("runs the grader", "import runpy\n" + body("runpy.run_path(GRADER)"), F, "reading a grader"),
    Case("looks into the engine's memory", "import gc\n" + body("gc.get_objects()"), F, "`gc` may not be imported"),
    Case("traces the engine", "import sys\n" + body("sys.settrace(lambda *a: None)"), F, "sys.settrace"),
    Case("ctypes", body("exec('import ctypes; ctypes.CDLL(None)', {})"), F, "ctypes"),
]  # fmt: skip

VALUES = [
    Case("None", "def double(x): pass", W, "double is None, expected"),
    Case("a wrong type", "def double(x): return str(2 * x)", W, "double is '6', expected 6"),
    Case("a float for an int", "def double(x): return 2.0 * x", W, "double is 6.0, expected 6"),
    Case("NaN", "def double(x): return float('nan')", W, "double is nan, expected"),
    Case("True", "def double(x): return bool(x)", W, "double is True, expected 6"),
    Case("an object that equals everything",
         "class Any:\n    __hash__ = None\n    def __eq__(self, other): return True\ndef double(x): return Any()", W,
         "<an object of type minillm.tiny.step.Any>"),
    Case("an int that equals everything",
         "class Any(int):\n    __hash__ = None\n    def __eq__(self, other): return True\n"
         "def double(x): return Any(7)", W, "double is 7, expected"),
    Case("a class that says it is int",
         "class Any:\n    __class__ = int\n    def __int__(self): return 0\ndef double(x): return Any()", W),
    Case("an array that lies",
         "import numpy as np\nclass A(np.ndarray):\n    def __eq__(self, o): return True\n    dtype = shape = 0\n"
         "def double(x): return np.zeros(()).view(A)", W, imports=NUMPY),
    Case("a generator", "def double(x): yield 2 * x", W, "generator"),
    Case("a function", "def double(x): return double", W, "function"),
    Case("a huge number", "def double(x): return 10**5000", W, "double is a huge number"),
    Case("a huge list", "def double(x): return [None] * 2_000_000", E,
         "cannot be looked at: more than 1,048,576 items"),
    Case("huge bytes", "def double(x): return bytes(2 << 20)", W, "double is b'"),
    Case("bytes that leave no room to send them", "def double(x): return bytes(150 << 20)", M, "out of memory"),
    Case("a huge array", "import numpy as np\ndef double(x): return np.broadcast_to(np.int8(1), (1 << 29,))", E,
         "512 MiB is more than may cross", NUMPY),
    Case("a deep list", "def double(x):\n    y = []\n    for _ in range(10**5): y = [y]\n    return y", E,
         "nested deeper"),
    Case("a list that holds itself", "def double(x):\n    y = []\n    y.append(y)\n    return y", E, "nested deeper"),
    Case("a value that raises when looked at",
         "class L(list):\n    def __iter__(self): raise ValueError('no')\ndef double(x): return L([1])", E,
         "ValueError: no"),
    Case("a value that never ends", "class L(list):\n    def __iter__(self):\n        while True: yield 1\n"
         "def double(x): return L([1])", T, memory=4 << 30),
    Case("a surrogate", "def double(x): return '\\ud800'", W, "\\ud800"),
    Case("patches NumPy", "import numpy as np\nnp.asarray = np.array = np.ndarray.__eq__ = None\n" + DOUBLE, E,
         "immutable",
         NUMPY),
    Case("patches NumPy's functions", "import numpy as np\nnp.asarray = np.array_equal = lambda *a, **k: True\n"
         "def double(x): return x + 1", W, imports=NUMPY),
    Case("patches the engine",
         "import sys\nwire = sys.modules['course.grading.wire']\nwire.encode = lambda v: b'N'\n" + DOUBLE,
         E, "KeyError: 'course.grading.wire'"),
    Case("patches builtins", "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.len = lambda o: 0\n"
         "def double(x): return x + 1", F),
]  # fmt: skip

# They look for the judge's pipe among the open descriptors.
CONNECTION = [
    Case("forges a value", FORGE + "def double(x):\n    send((2, {'status': 'ok', 'value': 2 * x}))\n", F,
         "something else than the engine wrote"),
    Case("forges a pass", FORGE + "send(b'passed')\ndef double(x): return 0", F, "something else than"),
    Case("forges and dies",
         FORGE + "def double(x):\n    send((2, {'status': 'ok', 'value': 0}))\n    os._exit(0)", F),
    Case("forges a grader's fault", FORGE + "def double(x): send((2, {'status': 'grader-fault'}))", F),
    Case("writes garbage", "import os\n"
         + body("for n in range(3, 20):\n    try: os.write(n, b'\\xff' * 99)\n    except OSError: pass"),
         F, "a frame of 4095 MiB"),
    Case("closes every descriptor", "import os\n" + body("os.closerange(0, 100)"), C,
         "the code ended the whole process"),
    Case("closes them at import", "import os\nos.closerange(0, 100)\n" + DOUBLE, C),
    Case("closes them and goes on", "import os\n" + body("os.closerange(0, 100)\nwhile True: pass"), C,
         "closed the engine's"),
    Case("reads the judge's requests", "import os\n"
         + body("for n in range(3, 20):\n    try: os.read(n, 1 << 20)\n    except OSError: pass"), T),
]  # fmt: skip

TABLE = {
    f"{group}: {case.name}": case
    for group, cases in {
        "file": FILES, "import": IMPORTS, "does": BEHAVIOUR, "outside": OUTSIDE, "value": VALUES, "pipe": CONNECTION,
    }.items()
    for case in cases
}  # fmt: skip


def graded(case: Case, tmp_path: Path, forbid: tuple[str, ...] = ()) -> None:
    content, step = small_course(tmp_path / "content", imports=case.imports, forbid=forbid)
    # A call that is to run out of time gets little; the others get more than a busy machine could need.
    seconds = SHORT if case.outcome is T else 15.0
    step = replace(step, budget=Budget(seconds, 60.0, case.memory))
    hidden = f"GRADER = {str(content.test_file(step.key))!r}\n"
    source = hidden + case.source if isinstance(case.source, str) and "GRADER" in case.source else case.source
    with nothing_left(tmp_path / "scratch"):
        verdict = submit((content, step), source, tmp_path / "work")
    assert verdict.outcome is case.outcome, said(verdict)
    assert case.says in said(verdict)
    assert len(said(verdict)) < 3000
    assert (tmp_path / "work" / "step.py").is_file()
    assert list((tmp_path / "work").iterdir()) == [tmp_path / "work" / "step.py"]


@pytest.mark.parametrize("name", TABLE)
def test_bad_input(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "DYING_SECONDS", 0.5)
    graded(TABLE[name], tmp_path)


@pytest.mark.parametrize("name", [case.name for case in CALLS])
def test_a_forbidden_call(name: str, tmp_path: Path) -> None:
    case = next(one for one in CALLS if one.name == name)
    graded(replace(case, imports=NUMPY), tmp_path, forbid=("numpy.sum",))


# ---------------------------------------------------------------- files that are not as they should be


def check_file(content: Content, curriculum: Curriculum, workspace: Workspace) -> tuple[Outcome, str]:
    step = curriculum["alpha/double"]
    verdict = grade(content, step, Submission(workspace.modules()))
    return verdict.outcome, said(verdict)


@pytest.mark.parametrize("name", ["missing", "renamed", "folder missing"])
def test_a_file_that_is_gone(content: Content, curriculum: Curriculum, workspace: Workspace, name: str) -> None:
    file = open_step(workspace, curriculum, "alpha/double")
    if name == "renamed":
        file.rename(file.with_name("Double2.py"))
    elif name == "missing":
        file.unlink()
    else:
        file.parent.rename(file.parent.with_name("aleph"))
    outcome, text = check_file(content, curriculum, workspace)
    assert outcome is Outcome.ERROR
    assert "minillm/alpha/double.py is not there" in text
    assert "course reset A.1" in text


@pytest.mark.parametrize("name", ["a folder", "a link to nothing", "a link in a ring"])
def test_something_else_in_the_place_of_the_file(
    content: Content, curriculum: Curriculum, workspace: Workspace, name: str
) -> None:
    file = open_step(workspace, curriculum, "alpha/double")
    file.unlink()
    if name == "a folder":
        file.mkdir()
    else:
        file.symlink_to("nowhere.py" if name == "a link to nothing" else "double.py")
    outcome, text = check_file(content, curriculum, workspace)
    assert outcome is Outcome.ERROR
    assert "minillm/alpha/double.py is not there" in text


def test_a_file_that_may_not_be_read(
    content: Content, curriculum: Curriculum, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = open_step(workspace, curriculum, "alpha/double")

    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)  # root, who may run these tests, is refused nothing
    with pytest.raises(WorkspaceError, match=r"double\.py cannot be read: Permission denied") as caught:
        check_file(content, curriculum, workspace)
    assert caught.value.hint == f"ls -l '{file}'   shows whose it is"


# ---------------------------------------------------------------- the program itself: Ctrl-C, two at once, odd folders


# Whatever started these tests may have switched Ctrl-C off.
_COURSE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from course.cli import run
run()
"""


@dataclass
class Program:
    """`course check` as a process of its own, in a workspace of the tiny course."""

    workspace: Workspace
    scratch: Path

    def start(self) -> subprocess.Popen[str]:
        self.scratch.mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-c", _COURSE, "check"],
            cwd=self.workspace.root,
            env=os.environ | {"COURSE_CONTENT": str(FAKE), "TMPDIR": str(self.scratch)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )


@pytest.fixture
def program(workspace: Workspace, curriculum: Curriculum, tmp_path: Path) -> Program:
    open_step(workspace, curriculum, "alpha/double")
    return Program(workspace, tmp_path / "scratch")


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def learner_of(judge: subprocess.Popen[str]) -> psutil.Process | None:
    try:
        return next(iter(psutil.Process(judge.pid).children()), None)
    except psutil.Error:
        return None


LOOP = "def double(x):\n    open('called', 'w').close()\n    while True: pass\ndef halve(x): return x / 2\n"
IMPORTS_FOREVER = "open('called', 'w').close()\nwhile True: pass\n"


@pytest.mark.skipif(os.name == "nt", reason="there Ctrl-C goes to all processes of a console")
@pytest.mark.parametrize("moment", ["before the learner starts", "as it starts", "as it imports", "in a call"])
def test_ctrl_c(program: Program, curriculum: Curriculum, moment: str) -> None:
    file = program.workspace.file(curriculum["alpha/double"])
    file.write_text(IMPORTS_FOREVER if moment == "as it imports" else LOOP, encoding="utf-8")
    before = program.workspace.progress.read_bytes()
    judge = program.start()
    if moment == "before the learner starts":
        until(lambda: psutil.Process(judge.pid).cpu_times().user > 0.1)
    else:
        until(lambda: learner_of(judge))
        if moment != "as it starts":
            until(lambda: list(program.scratch.glob("*/called")))
    learner = learner_of(judge)
    judge.send_signal(signal.SIGINT)
    out, errors = judge.communicate(timeout=20)
    if moment == "before the learner starts":
        assert judge.returncode in (130, -signal.SIGINT)
    else:
        assert judge.returncode == 130, errors
        assert "Stopped. Nothing was recorded." in errors
        assert "Traceback" not in errors
        assert out == ""
    assert program.workspace.progress.read_bytes() == before
    assert not (program.workspace.state / "attempts.jsonl").exists()
    until(lambda: learner is None or not learner.is_running())
    assert not list(program.scratch.iterdir())


def test_two_checks_at_once_both_end_well(program: Program, curriculum: Curriculum) -> None:
    write_reference(program.workspace, curriculum, "alpha/double")
    both = [program.start() for _ in range(2)]
    for judge in both:
        out, errors = judge.communicate(timeout=60)
        assert (judge.returncode, errors) == (0, ""), out
    assert '"alpha/double"' in program.workspace.progress.read_text(encoding="utf-8")
    attempts = (program.workspace.state / "attempts.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(attempts) == 2
    assert not list(program.scratch.iterdir())


@pytest.mark.parametrize("name", ["mit Leerzeichen", "ünï cödé 日本", "it's [odd] %20 & $HOME", "-rf", "a\nb"])
def test_a_workspace_in_any_folder(content: Content, tmp_path: Path, name: str) -> None:
    _, step = small_course(tmp_path / "content")
    course = Content(tmp_path / "content"), step
    assert submit(course, DOUBLE, tmp_path / name / "minillm").passed
    assert submit(course, "def double(x): pass", tmp_path / name / "minillm").outcome is Outcome.WRONG


def test_the_graders_of_this_file_are_what_they_seem(tmp_path: Path) -> None:
    """A table of things refused proves something only if the plain program passes."""
    assert "max_examples=5" in GRADER
    assert submit(small_course(tmp_path / "content"), DOUBLE, tmp_path / "work").passed


@pytest.mark.parametrize("command", [["-c", _COURSE], ["-m", "course"]], ids=["course", "python -m course"])
def test_files_beside_the_package_are_never_taken_for_the_real_modules(program: Program, command: list[str]) -> None:
    for name in ("random", "click", "hypothesis", "pytest", "psutil", "conftest", "sitecustomize", "numpy"):
        (program.workspace.root / f"{name}.py").write_text("raise SystemExit('a file of the learner ran')\n")
    if "-c" in command:
        command = ["-P", *command]  # the installed `course` has its own folder first, not the current one
    done = subprocess.run(
        [sys.executable, *command, "check"],
        cwd=program.workspace.root,
        env=os.environ | {"COURSE_CONTENT": str(FAKE), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert "a file of the learner ran" not in done.stdout + done.stderr
    assert (done.returncode, done.stderr) == (1, "")
    assert "double" in done.stdout
