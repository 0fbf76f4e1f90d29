"""The reference as it may be shown: after passing, and without what a later step of the file asks for."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import progress_of

from course.curriculum import Curriculum
from course.errors import LockedStep
from course.solution import solution_source, with_helpers, without_bodies
from course.workspace import Workspace

SOURCE = '''class Stack:
    kind = "stack"

    def push(self, item):
        self.items.append(item)

    def pop(self):
        """Take it off."""
        top = self.items[-1]
        del self.items[-1]
        return top  # the item


def drain(stack): return [stack.pop() for _ in stack.items]


def tail(x):
    if x:
        return [
            x,
        ]
    return []
'''


def test_no_solution_before_the_pass(curriculum: Curriculum, workspace: Workspace) -> None:
    with pytest.raises(LockedStep) as caught:
        solution_source(curriculum, progress_of(workspace), curriculum["alpha/double"])
    assert caught.value.hint == "course check A.1"


def test_the_whole_reference_after_it(
    curriculum: Curriculum, workspace: Workspace, solve: Callable[[str], Path]
) -> None:
    solve("alpha/double")
    step = curriculum["alpha/double"]
    shown = solution_source(curriculum, progress_of(workspace), step)
    assert shown == curriculum.content.reference(step.file).read_text(encoding="utf-8")


def test_what_the_next_step_of_the_file_asks_for_stays_hidden(
    curriculum: Curriculum, workspace: Workspace, solve: Callable[[str], Path]
) -> None:
    solve("alpha/stack")
    first, second = curriculum["alpha/stack"], curriculum["alpha/stack_pop"]
    shown = solution_source(curriculum, progress_of(workspace), first)
    assert "self.items.append(item)" in shown
    assert "self.items.pop()" not in shown
    assert "taken.append" not in shown
    assert "def drain" in shown
    solve("alpha/stack_pop")
    for step in (first, second):
        assert "taken.append" in solution_source(curriculum, progress_of(workspace), step)


def test_bodies_are_replaced_whole(curriculum: Curriculum) -> None:
    shown = without_bodies(SOURCE, {"Stack.pop", "drain", "tail"})
    assert "del self.items[-1]" not in shown
    assert "return [" not in shown
    assert "self.items.append(item)" in shown
    names = [node.name for node in ast.walk(ast.parse(shown)) if isinstance(node, ast.FunctionDef)]
    assert sorted(names) == ["drain", "pop", "push", "tail"]
    assert shown.count("raise NotImplementedError") == 3


def test_only_the_named_one_is_replaced() -> None:
    source = "def pop(x):\n    return 1\n\n\nclass Stack:\n    def pop(self):\n        return 2\n"
    assert "return 1" in without_bodies(source, {"Stack.pop"})
    assert "return 2" in without_bodies(source, {"pop"})
    assert without_bodies(source, set()) == source


SHARED = """TABLE = [_row() for _ in range(3)]


def _row():
    return []


def first(x):
    return _both(x) + Box(x).size()


def second(x):
    return _both(x) + _deeper(x) + _Own(x).held


def _both(x):
    return x


def _deeper(x):
    return _deepest(x)


def _deepest(x):
    return x


class _Own:
    def __init__(self, x):
        self.held = x


class Box:
    def __init__(self, x):
        self._keep(x)

    def size(self):
        return 1

    def open(self):
        return self.unlock()

    def _keep(self, x):
        return x

    def unlock(self):
        return 2
"""
ASKED = "def first(x): ...\ndef second(x): ...\nclass Box:\n    def __init__(self, x): ...\n    def size(self): ...\n"
ASKED += "    def open(self): ...\n"


def test_a_helper_belongs_to_what_alone_leads_to_it() -> None:
    helpers = {"_deeper", "_deepest", "_Own.__init__"}
    assert with_helpers(SHARED, ASKED, {"second"}) == {"second", *helpers}
    assert with_helpers(SHARED, ASKED, {"Box.open", "no function"}) == {"Box.open", "Box.unlock"}
    assert with_helpers(SHARED, ASKED, {"second", "_both"}) == {"second", "_both", *helpers}
    assert with_helpers(SHARED, ASKED, set()) == set()
