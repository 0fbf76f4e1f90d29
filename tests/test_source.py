"""The code of an edited module is what `compile` makes of the edited text, whatever the edit does."""

from types import CodeType

import pytest

from course.content import find_content
from course.curriculum import load_curriculum
from course.grading.codes import differ
from course.grading.mistakes import load_mistakes
from course.grading.source import Source

TEXT = '''\
"""A module."""

from __future__ import annotations

import math

LIMIT = 3


def root(x: float) -> float:
    """The square root."""
    return math.sqrt(x)


def short(x): return x + 1


class Base:
    def size(self):
        return 1


class Box(Base):
    kind = "box"

    def size(self):
        return super().size() + 1

    @property
    def width(self):
        # a comment above the body
        return self.__width

    @width.setter
    def width(self, value):
        self.__width = value

    def cut(self, parts):
        def part(place):
            return self.width / parts * place

        return [part(place) for place in range(parts)]


if LIMIT:
    def under_a_condition(x):
        return x
'''

EDITS = {
    "a function": [("math.sqrt(x)", "x ** 0.5")],
    "a docstring": [("The square root.", "Its root.")],
    "a method": [("self.width / parts", "self.width * parts")],
    "the first of two of one name": [("return self.__width", "return -self.__width")],
    "the second of two of one name": [("self.__width = value", "self.__width = value + 1")],
    "more lines": [("        self.__width = value\n", "        value = abs(value)\n        self.__width = value\n")],
    "a generator": [("return [part(place) for place in range(parts)]", "yield from range(parts)")],
    "no super": [("super().size() + 1", "2")],
    "another super": [("        return 1\n", "        return super().size()\n")],
    "a method beside it": [
        ("return self.__width\n", "return self.__width\n\n    def height(self):\n        return 2\n")
    ],
    "a function beside it": [("    return math.sqrt(x)\n", "    return x\n\n\ndef more(x):\n    return x\n")],
    "a constant": [("LIMIT = 3", "LIMIT = 4")],
    "a signature": [("def cut(self, parts)", "def cut(self, parts=2)")],
    "an import": [("import math\n", "import math\nfrom math import sqrt\n")],
    "no import": [("import math\n", "math = __import__('math')\n")],
    "a short one": [("return x + 1", "return x - 1")],
    "one under a condition": [("        return x\n", "        return -x\n")],
    "a method taken away": [("    def size(self):\n        return super().size() + 1\n\n", "")],
    "across two": [("return math.sqrt(x)\n\n\ndef short(x)", "return x\n\n\ndef short(x, y=0)")],
    "two functions": [("math.sqrt(x)", "x"), ("super().size() + 1", "super().size() + 2")],
    "one function twice": [("super().size() + 1", "super().size() + 2"), ("size() + 2", "size() - 2")],
    "a function and a constant": [("LIMIT = 3", "LIMIT = 0"), ("math.sqrt(x)", "x + LIMIT")],
    "a constant and what it put there": [("LIMIT = 3", "LIMIT = 0\nMOST = 9"), ("MOST = 9", "MOST = 8")],
}


def _by_hand(text: str, edits: list[tuple[str, str]]) -> CodeType:
    for find, new in edits:
        assert text.count(find) == 1
        text = text.replace(find, new)
    return compile(text, "<it>", "exec", dont_inherit=True)


def _equal(one: CodeType, other: CodeType) -> bool:
    found: set[str] = set()
    return differ(one, other, "", found) and not found


@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS)
def test_an_edit_is_compiled_as_the_whole_text_is(edits: list[tuple[str, str]]) -> None:
    assert _equal(Source(TEXT, "<it>").edited(edits), _by_hand(TEXT, edits))


def test_an_edit_leaves_the_source_as_it_was() -> None:
    source = Source(TEXT, "<it>")
    for edits in EDITS.values():
        source.edited(edits)
    assert source.code == compile(TEXT, "<it>", "exec", dont_inherit=True) == source.edited([])


def test_a_changed_function_is_on_its_line() -> None:
    code = Source(TEXT, "<it>").edited(EDITS["a method"])
    assert code == _by_hand(TEXT, EDITS["a method"])


@pytest.mark.parametrize(
    ("edits", "error"),
    [
        ([("math.sqrt(x)", "math.sqrt(x")], SyntaxError),
        ([("math.sqrt(x)", "x"), ("math.sqrt(x)", "y")], ValueError),
        ([("return", "yield")], ValueError),
    ],
)
def test_an_edit_that_cannot_be_is_an_error(edits: list[tuple[str, str]], error: type[Exception]) -> None:
    with pytest.raises(error):
        Source(TEXT, "<it>").edited(edits)


def test_only_the_function_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    source, compiled = Source(TEXT, "<it>"), []
    whole = source._compiled
    monkeypatch.setattr(source, "_compiled", lambda text: compiled.append(text) or whole(text))
    source.edited(EDITS["a method"])
    assert compiled
    assert not any("root" in text for text in compiled)


@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS)
def test_what_an_edit_touches_is_told_by_its_text(edits: list[tuple[str, str]]) -> None:
    source = Source(TEXT, "<it>")
    touched, changed = source.touched(edits), _changed(source, edits)
    assert touched is None or changed is None or changed <= touched


OUTSIDE = (
    "a method beside it", "a function beside it", "a constant", "a signature", "an import", "no import",
    "a short one", "one under a condition", "a method taken away", "across two", "a function and a constant",
    "a constant and what it put there",
)  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_what_stands_outside_of_functions_may_touch_everything(name: str) -> None:
    assert (Source(TEXT, "<it>").touched(EDITS[name]) is None) == (name in OUTSIDE)


def test_edits_that_do_not_fit_may_touch_everything() -> None:
    assert Source(TEXT, "<it>").touched([("math.sqrt(x)", "x"), ("math.sqrt(x)", "y")]) is None


def _changed(source: Source, edits: list[tuple[str, str]]) -> set[str] | None:
    """The functions whose code an edit changes; None: what stands outside of functions changes, too."""
    found: set[str] = set()
    return found if differ(source.code, source.edited(edits), "", found) else None


def test_an_edit_in_a_function_inside_touches_all_of_the_outer_one() -> None:
    touched = Source(TEXT, "<it>").touched(EDITS["a method"])
    # A comprehension is a function of its own in some versions of Python.
    assert touched is not None
    assert touched - {"Box.cut.<listcomp>"} == {"Box.cut", "Box.cut.part"}


def test_a_text_without_functions_can_be_edited() -> None:
    source = Source("LIMIT = 3\n", "<it>")
    assert source.touched([("3", "4")]) is None
    assert _equal(source.edited([("3", "4")]), compile("LIMIT = 4\n", "<it>", "exec", dont_inherit=True))


def test_what_a_known_mistake_touches_is_told_by_its_text() -> None:
    content, told, count = find_content(), 0, 0
    for step in load_curriculum(content):
        source = Source(content.read(content.reference(step.file)), "<it>")
        for mistake in load_mistakes(content.mistakes(step.key)):
            touched = source.touched(mistake.edits) if mistake.edits else None
            told, count = told + (touched is not None), count + 1
            if touched is not None:
                changed = _changed(source, list(mistake.edits))
                assert changed is None or changed <= touched, mistake.name
    assert told > 0.9 * count


def test_every_known_mistake_is_compiled_as_its_whole_text_is() -> None:
    content = find_content()
    for step in load_curriculum(content):
        text = content.read(content.reference(step.file))
        source = Source(text, "<it>")
        for mistake in load_mistakes(content.mistakes(step.key)):
            if mistake.edits:
                assert _equal(source.edited(mistake.edits), _by_hand(text, list(mistake.edits))), mistake.name
