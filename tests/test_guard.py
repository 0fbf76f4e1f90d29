"""The run-time half of the from-scratch rules, net by net; whole submissions are in test_bad_input.py."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from course.grading.guard import (
    ForbiddenImport,
    ForbiddenUse,
    Guard,
    _changed,
    _opened,
    ban,
    import_net,
    watch,
)


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    for name in ("scratch", "hidden", "beside"):
        (tmp_path / name).mkdir()
    (tmp_path / "hidden" / "oracle.py").write_text("answer = 42\n")
    return Guard(["stdlib", "numpy"], str(tmp_path / "scratch"), [str(tmp_path / "hidden")])


# ---------------------------------------------------------------- imports


@pytest.mark.parametrize(
    "name", ["numpy", "numpy.linalg", "math", "json.decoder", "minillm", "minillm.a.b", "threading", "random"]
)
def test_the_rules_allow(guard: Guard, name: str) -> None:
    assert guard.allows_import(name)


@pytest.mark.parametrize(
    "name",
    ["torch", "numpyx", "course", "course.grading.wire", "subprocess", "ctypes", "socket", "multiprocessing.pool",
     "concurrent.futures", "gc", "pandas", "minillmx", "_posixsubprocess", "asyncio"],
)  # fmt: skip
def test_the_rules_refuse(guard: Guard, name: str) -> None:
    assert not guard.allows_import(name)


def test_only_what_is_listed_without_the_standard_library(tmp_path: Path) -> None:
    guard = Guard(["math", "numpy.random"], str(tmp_path), [])
    assert [guard.allows_import(name) for name in ("math", "numpy.random", "numpy", "random", "minillm.a")] == [
        True, True, False, False, True,
    ]  # fmt: skip


@pytest.fixture
def net(guard: Guard) -> Iterator[Guard]:
    finder = import_net(guard)
    watch(guard, finder)  # it stays, as every audit hook does, and is silent once the guard is not armed
    try:
        yield guard
    finally:
        sys.meta_path.remove(finder)
        guard.armed = False


def learner_runs(guard: Guard, source: str, name: str = "minillm.alpha") -> None:
    guard.armed = True
    try:
        exec(source, {"__name__": name})
    finally:
        guard.armed = False


@pytest.mark.parametrize(
    "source",
    [
        "import this_is_not_there",
        "from this_is_not_there.a import b",
        "__import__('this_is_not_there')",
        "import importlib\nimportlib.import_module('this_is_not_there')",
        "from importlib import util\nutil.find_spec('this_is_not_there')",
        "exec('import this_is_not_there')",
        "exec('import this_is_not_there', {})",
        "(lambda: __import__('this_is_not_there'))()",
    ],
)
def test_an_import_by_the_learner_is_refused_and_noted(net: Guard, source: str) -> None:
    with pytest.raises(ForbiddenImport, match="do not allow"):
        learner_runs(net, source)
    assert net.take_refusals() == ["import this_is_not_there"]
    assert net.take_refusals() == []


def test_a_swallowed_refusal_is_still_noted(net: Guard) -> None:
    learner_runs(net, "try:\n    import this_is_not_there\nexcept BaseException:\n    pass")
    assert net.take_refusals() == ["import this_is_not_there"]


def test_a_library_may_try_what_it_likes(net: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    library = types.ModuleType("_lib")
    monkeypatch.setitem(sys.modules, "_lib", library)
    net.armed = True
    with pytest.raises(ModuleNotFoundError) as caught:
        exec("import this_is_not_there", vars(library))
    assert not isinstance(caught.value, ForbiddenImport)
    assert net.take_refusals() == []


def test_code_under_a_library_s_name_is_still_the_learner_s(net: Guard) -> None:
    with pytest.raises(ForbiddenImport):
        learner_runs(net, "import this_is_not_there", name="numpy.core")


def test_nothing_is_refused_while_the_engine_runs(net: Guard) -> None:
    with pytest.raises(ModuleNotFoundError) as caught:
        exec("import this_is_not_there", {"__name__": "minillm.alpha"})
    assert not isinstance(caught.value, ForbiddenImport)


# ---------------------------------------------------------------- banned functions


@pytest.fixture
def library() -> Iterator[types.ModuleType]:
    """A library of two modules: the second holds a function of the first under another name."""
    first, second = types.ModuleType("_lib"), types.ModuleType("_lib._core")
    exec(
        "def softmax(x): return x\ndef log_softmax(x): return x\ndef exp(x): return x\nclass Linear: pass", vars(first)
    )
    second.hidden_softmax = first.softmax  # type: ignore[attr-defined]
    second.exp = first.exp  # type: ignore[attr-defined]
    sys.modules |= {"_lib": first, "_lib._core": second}
    try:
        yield first
    finally:
        del sys.modules["_lib"], sys.modules["_lib._core"]


def test_a_banned_function_raises_wherever_it_is_held(guard: Guard, library: types.ModuleType) -> None:
    watch(guard)
    ban(guard, ["_lib.*softmax", "_lib.Linear", "_not_loaded.anything", "_lib.no_such"])
    for use in (library.softmax, library.log_softmax, sys.modules["_lib._core"].hidden_softmax, library.Linear):
        with pytest.raises(ForbiddenUse, match="does what this step asks you to write"):
            use(1)
    assert guard.take_refusals()[0] == "_lib.softmax does what this step asks you to write"


def test_other_functions_stay(guard: Guard, library: types.ModuleType) -> None:
    exp = library.exp
    ban(guard, ["_lib.softmax"])
    assert library.exp is exp
    assert sys.modules["_lib._core"].exp is exp
    assert library.log_softmax(3) == 3


def test_a_ban_is_no_exception_that_except_exception_swallows() -> None:
    assert not issubclass(ForbiddenUse, Exception)


# ---------------------------------------------------------------- files


def test_the_scratch_folder_may_be_written_and_the_rest_only_read(guard: Guard, tmp_path: Path) -> None:
    for path in (tmp_path / "scratch" / "a", os.devnull):
        _opened(guard, str(path), "w", os.O_WRONLY | os.O_CREAT)
    _opened(guard, str(tmp_path / "beside" / "a"), "r", os.O_RDONLY)
    _opened(guard, 3, "w", 0)  # a descriptor that is open already
    assert guard.refusals == []


@pytest.mark.parametrize("mode", ["w", "a", "x", "r+", "wb", None])
def test_writing_elsewhere_is_refused(guard: Guard, tmp_path: Path, mode: str | None) -> None:
    with pytest.raises(ForbiddenUse, match="writing the file"):
        _opened(guard, str(tmp_path / "beside" / "a"), mode, os.O_RDWR)


@pytest.mark.parametrize("way", ["plain", "bytes", "dots", "link", "folder"])
def test_graders_are_not_read_by_any_name(guard: Guard, tmp_path: Path, way: str) -> None:
    oracle = tmp_path / "hidden" / "oracle.py"
    (tmp_path / "scratch" / "link").symlink_to(tmp_path / "hidden")
    path: object = {
        "plain": oracle,
        "bytes": os.fsencode(oracle),
        "dots": f"{tmp_path}/beside/../hidden/oracle.py",
        "link": tmp_path / "scratch" / "link" / "oracle.py",
        "folder": tmp_path / "hidden",
    }[way]
    with pytest.raises(ForbiddenUse, match="reading a grader"):
        _opened(guard, path, "r", os.O_RDONLY)


def test_a_name_that_only_begins_alike_is_another_folder(guard: Guard, tmp_path: Path) -> None:
    _opened(guard, str(tmp_path / "hidden_not" / "a"), "r", os.O_RDONLY)
    with pytest.raises(ForbiddenUse):
        _opened(guard, str(tmp_path / "scratch_not" / "a"), "w", os.O_WRONLY)


def test_changes_elsewhere_are_refused_with_both_names(guard: Guard, tmp_path: Path) -> None:
    inside, outside = str(tmp_path / "scratch" / "a"), str(tmp_path / "beside" / "a")
    _changed(guard, "os.rename", inside, inside + "b", -1, -1)
    for names in ((inside, outside), (outside, inside)):
        with pytest.raises(ForbiddenUse, match=r"os\.rename"):
            _changed(guard, "os.rename", *names, -1, -1)
    with pytest.raises(ForbiddenUse, match=r"os\.remove"):
        _changed(guard, "os.remove", outside, -1)
