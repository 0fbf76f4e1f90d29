"""A probe written down as plain Python does what it does beside the learner's code, and needs nothing of ours."""

import ast
import builtins
import dis
from types import CodeType, SimpleNamespace

import pytest

from course.content import find_content
from course.curriculum import load_curriculum
from course.mentor.inlined import Inlined

PROBES = '''\
"""What the grader runs."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from course.grading.probes import counting_lines, find_function

Pair = tuple[int, int]
FACTOR: int = 3
OTHER = math.pi


@dataclass
class Box:
    """Something to hold."""

    held: Pair
    size: int = 2


def _boxed(pair: Pair) -> Box:
    here: Pair
    here = pair
    return Box(here)


def doubled(module: ModuleType, pair: Pair, **how: Any) -> int:
    """Twice the sum."""
    find_function(module, "total")  # says that it is missing
    box: Box = _boxed(pair)
    return find_function(module, "total")(box.held) * box.size


def method(module: ModuleType, name: str, *args: Any) -> Any:
    return find_function(module, f"Tool.{name}")(*args)


def derived(module: ModuleType) -> Any:
    class Mine(find_function(module, "Base")):
        """Of the learner's own."""

        size: int = 4

        def total(self) -> int:
            found: int = self.size + 1
            return found

    return Mine().total(), find_function(module, "Base") in Mine.__mro__


def saved(module: ModuleType, text: str) -> str:
    Path("out.txt").write_text(text)
    return Path("out.txt").read_text()


def opened(module: ModuleType) -> str:
    with open("out.txt") as file:
        return file.read()


def counted(module: ModuleType) -> int:
    return counting_lines(lambda: find_function(module, "total")((1, 2)))[1]
'''


def written(name):
    inlined = Inlined(PROBES, name)
    return "\n".join([*inlined.imports(), *inlined.body()])


def ran(name, module, *args):
    names = {}
    exec(written(name), names)
    return names[name](module, *args)


def test_it_does_what_the_probe_does():
    assert ran("doubled", SimpleNamespace(total=sum), (3, 4)) == 14
    assert ran("method", SimpleNamespace(Tool=SimpleNamespace(cut=lambda a, b: a - b)), "cut", 5, 2) == 3


def test_a_class_of_the_learners_may_be_derived_from():
    assert Inlined(PROBES, "derived").stands_alone
    assert ran("derived", SimpleNamespace(Base=dict)) == (5, True)


def test_it_brings_what_it_needs_and_no_more():
    text = written("doubled")
    assert [one.name for one in ast.parse(text).body if isinstance(one, ast.FunctionDef | ast.ClassDef)] == [
        "Box",
        "_boxed",
        "doubled",
    ]
    assert Inlined(PROBES, "doubled").imports() == ["from dataclasses import dataclass"]
    assert Inlined(PROBES, "method").imports() == ["import operator"]
    assert "ModuleType" not in text
    assert "FACTOR" not in text
    assert "find_function" not in text
    assert '"""Twice the sum."""' in text


def test_what_needs_the_engine_does_not_stand_alone():
    assert Inlined(PROBES, "doubled").stands_alone
    assert not Inlined(PROBES, "counted").stands_alone
    assert not Inlined(PROBES, "nowhere").stands_alone


@pytest.mark.parametrize(("name", "touches"), [("saved", True), ("opened", True), ("doubled", False)])
def test_what_writes_files_does_so_in_a_folder_of_its_own(name, touches):
    inlined = Inlined(PROBES, name)
    assert inlined.touches_files is touches
    assert ("os.chdir(tempfile.mkdtemp())" in "\n".join(inlined.body())) is touches
    assert ("import tempfile" in inlined.imports()) is touches


def test_a_file_that_is_written_lands_beside_no_work_of_the_learners(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ran("saved", None, "here") == "here"
    assert not list(tmp_path.iterdir())


def _globals(code: CodeType):
    for one in dis.get_instructions(code):
        if one.opname == "LOAD_GLOBAL":
            yield one.argval
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _globals(inner)


def test_every_probe_of_the_course_that_stands_alone_has_all_its_names():
    content = find_content()
    tried = 0
    for step in load_curriculum(content):
        path = content.probes(step.key)
        source = content.read(path) if path.is_file() else ""
        for one in ast.parse(source).body:
            if not isinstance(one, ast.FunctionDef) or not (inlined := Inlined(source, one.name)).stands_alone:
                continue
            text = "\n".join(line for line in [*inlined.imports(), *inlined.body()] if not line.startswith("os.chdir"))
            names = {}
            exec(text, names)
            missing = set(_globals(compile(text, one.name, "exec"))) - names.keys() - set(dir(builtins))
            assert not missing, f"{step.key}, {one.name}"
            tried += 1
    assert tried > 100
