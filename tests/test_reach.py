"""A version need not be run for an example that reaches nothing it changes; and nothing is taken for that falsely."""

import sys
from types import ModuleType

import pytest

from course.grading.reach import Reach

SOURCE = """
import functools
import threading

LIMIT = 3


def helper(x):
    return x + 1


def uses(x):
    return helper(x)


def alone(x):
    return [y * 2 for y in range(x)]


def named(x):
    return kept.get(x) or kept.setdefault(x, helper(x))


kept = {}


@functools.lru_cache
def remembered(x):
    return x - 1


def outer(x):
    def inner(y):
        return y + x

    return inner


def beside(x):
    worker = threading.Thread(target=helper, args=(x,))
    worker.start()
    worker.join()


class Kinds(dict):
    def __missing__(self, x):
        return self.setdefault(x, x % 2)


KINDS = Kinds()


def looked_up(x):
    return KINDS[x] + 1


class Box:
    size = 1

    def __init__(self, x):
        self.x = x

    @property
    def twice(self):
        return self.x * 2

    def plus(self, y):
        return self.x + y


def boxed(x):
    return Box(x).x
"""


def made(source=SOURCE):
    module = ModuleType("minillm.reached")
    code = compile(source, "<reached>", "exec")
    exec(code, vars(module))
    return module, code


def changed(find, replace):
    assert SOURCE.count(find) == 1
    return Reach(*made()).changed(made(SOURCE.replace(find, replace))[1])


@pytest.mark.parametrize(
    ("find", "replace", "functions"),
    [
        ("x + 1", "x + 2", {"helper"}),
        ("return x + 1", "x = x + 1\n    return x", {"helper"}),
        ("y * 2", "y * 3", {"alone.<listcomp>"}),
        ("return y + x", "return y - x", {"outer.inner"}),
        ("self.x * 2", "self.x * 2.0", {"Box.twice"}),
        ("return inner", "return inner(x)", {"outer", "outer.inner"}),
        ("def uses", "# a line more\ndef uses", set()),
    ],
)
def test_the_functions_that_a_version_changes(find, replace, functions):
    assert changed(find, replace) == functions


@pytest.mark.parametrize(
    ("find", "replace"),
    [
        ("LIMIT = 3", "LIMIT = 3.0"),
        ("LIMIT = 3", "LIMIT = True"),
        ("def alone(x)", "def alone(x, more=1)"),
        ("def alone(x)", "def alone(n)"),
        ("    size = 1", "    size = 2"),
        ("    @property\n", ""),
        ("def uses", "def used"),
        ("class Box:", "class Box(dict):"),
    ],
)
def test_what_may_be_seen_from_anywhere(find, replace):
    assert changed(find, replace) is None


def reached(call):
    module, code = made()
    return Reach(module, code).run(lambda: call(module) is not None).functions


def test_what_an_example_reaches():
    assert reached(lambda module: module.alone(3)) == {"alone", "alone.<listcomp>", "remembered", "Kinds.__missing__"}
    assert "helper" in reached(lambda module: module.uses(3)), "called by what was called"
    assert {"Box.__init__", "Box.plus"} <= reached(lambda module: module.boxed(3)), "the class was named"


def test_what_was_kept_since_an_earlier_example_counts_as_reached():
    module, code = made()
    reach = Reach(module, code)
    for _ in range(2):
        functions = reach.run(lambda: bool(module.named(3))).functions
        assert "helper" in functions, "called only the first time"
        assert "remembered" in functions, "what stands behind a decorator may not be called again"
    for _ in range(2):
        assert "Kinds.__missing__" in reach.run(lambda: bool(module.looked_up(3))).functions


def test_where_not_everything_can_be_seen_anything_may_have_been_reached():
    assert reached(lambda module: module.beside(1) or 1) is None, "another thread"
    assert reached(lambda module: sys.settrace(None) or 1) is None, "somebody else traces"
    module, code = made()
    assert Reach(module, code).run(lambda: None).functions is None, "it hung"
    assert sys.gettrace() is None


def test_an_example_tells_nothing_of_what_it_does_not_reach():
    module, code = made()
    ran = Reach(module, code).run(lambda: bool(module.alone(3)))
    assert ran.outcome is True
    assert ran.tells_nothing_of(frozenset({"helper"}))
    assert ran.tells_nothing_of(frozenset())
    assert not ran.tells_nothing_of(frozenset({"helper", "alone"}))
    assert not ran.tells_nothing_of(None)
