"""One function of ours in the learner's module: where the bug is, and which mistake it is among their own functions."""

from textwrap import dedent

import pytest
from grading_helpers import one_mistake, small_course

from course.grading import judge, replayer, transplant
from course.grading.comparison import Comparison, Recorded
from course.grading.judge import Submission, grade
from course.grading.learner import Learner
from course.grading.outcomes import Finding
from course.grading.probes import find_function
from course.grading.replay import Versions
from course.grading.wire import decode, encode

REFERENCE = """
def slope(x):
    return _twice(x)


def _twice(x):
    return 2 * x


def there(x, dx):
    return slope(x) * dx


def back(x, dy, scale=1):
    return scale * (2 * x * dy)


class Box:
    def __init__(self, x):
        self.x = x

    def plus(self, y):
        return Box(self.x + y)

    __add__ = plus

    @property
    def half(self):
        return self.x / 2


def boxed(x, y):
    return (Box(x) + y).x


def halved(x):
    return Box(x).half
"""
# Three functions share one slope; the box is kept in a list, and both names of plus are one function.
LEARNERS = """
def slope(x):
    return 2 * x


def there(x, dx):
    return SLOPES["x"](x) * dx


def back(x, dy, scale=1):
    return slope(x) * dy * scale


SLOPES = {"x": slope}


class Box:
    def __init__(self, x):
        self.x = x

    def plus(self, y):
        made = Box(0)
        made.x = self.x + y
        return made

    __add__ = plus

    @property
    def half(self):
        return self.x * 0.5


def boxed(x, y):
    return (Box(x) + y).x


def halved(x):
    return Box(x).half
"""
# The bugs below, in the reference; one that is no bug here; and one that does not fit.
MISTAKES = [
    [("    return 2 * x\n", "    return x * x\n")],
    [("scale * (2 * x * dy)", "scale * (2 * dy)")],
    [("self.x + y", "self.x - y")],
    [("self.x / 2", "self.x // 2")],
    [("slope(x) * dx", "slope(x) + dx")],
    [("not there", "")],
]
CALLS = [
    ("slope", 3), ("slope", 5), ("there", 3, 4), ("back", 3, 4), ("back", 1, 7), ("boxed", 3, 4), ("boxed", 5, 1),
    ("halved", 3),
]  # fmt: skip


def answers(module, request):
    _, _, name, args, kwargs = request
    try:
        return {"status": "ok", "value": find_function(module, name)(*args, **kwargs)}
    except Exception as error:
        bases = [one.__name__ for one in type(error).__mro__]
        return {"status": "raised", "type": bases[0], "bases": bases, "message": str(error)}


def searched(source, reference=REFERENCE, mistakes=MISTAKES, calls=CALLS):
    """What a search says of a learner's source; what it answers otherwise than the reference has failed."""
    versions = Versions("minillm.transplanted", answers)
    modules = [{"__name__": "learners"}, {"__name__": "right"}]
    for module, text in zip(modules, (source, reference), strict=True):
        exec(dedent(text), module)
    told = []
    for name, *args in calls:
        request = (0, "call", name, tuple(args), {})
        mine, right = (decode(encode(answers(Spaced(module), request))) for module in modules)
        failed = not Comparison().same("call", name, mine, right, recorded([], mine, failed=True))
        told.append(recorded([encode(request[1:])], mine, failed=failed))
    parts = [tuple(getattr(one, name) for name in Recorded.__slots__) for one in told]
    return transplant.search(versions, dedent(source), dedent(reference), mistakes, [], [], *parts)


class Spaced:
    def __init__(self, names):
        self.__dict__ = names


def recorded(calls, reply, *, failed):
    return Recorded("test_f", failed, 0.001, calls, [reply], 1e-11, 1e-6, [], False)


def wrong(*edits, source=LEARNERS):
    for find, new in edits:
        assert source.count(find) == 1
        source = source.replace(find, new)
    return source


@pytest.mark.parametrize(
    ("edits", "functions", "fits"),
    [
        ([("def slope(x):\n    return 2 * x", "def slope(x):\n    return x * x")], ["slope"], [0]),
        ([("slope(x) * dy * scale", "2 * dy * scale")], ["back"], [1]),
        ([("made.x = self.x + y", "made.x = self.x - y")], ["Box.plus"], [2]),
        ([("self.x * 0.5", "self.x // 2")], ["Box.half"], [3]),
        ([('SLOPES["x"](x) * dx', 'SLOPES["x"](x) * 3')], ["there"], []),
        ([("slope(x) * dy * scale", "2 * dy * scale"), ("self.x * 0.5", "self.x // 2")], [], []),
        ([("made.x = self.x + y", "made.x = y")], ["Box.plus"], []),
    ],
    ids=[
        "shared", "one of two that are alike", "under two names", "a property", "of no known kind", "two at once",
        "another of no known kind",
    ],
)  # fmt: skip
def test_where_the_bug_is_and_which_it_is(edits, functions, fits):
    found = searched(wrong(*edits))
    assert found["functions"] == functions
    assert found["fits"] == fits


PAIR = """
def forward(x):
    return x + 1, (x, 2)


def backward(dy, cache):
    x, two = cache
    return two * x * dy


def both(x):
    y, cache = forward(x)
    return y, backward(1, cache)
"""


def test_a_forward_and_its_backward_are_taken_together():
    """The cache between them is the author's own: ours does not fit between theirs."""
    learners = PAIR.replace("(x, 2)", "{'x': x}").replace("x, two = cache\n    return two * x", "return 3 * cache['x']")
    found = searched(learners, PAIR, [[("two * x * dy", "3 * x * dy")]], [("both", 3), ("both", 5)])
    assert found["functions"] == ["forward", "backward"]
    assert found["fits"] == [0]


# ---------------------------------------------------------------- in a check

GRADER = """
from course.grading import check

def test_slope(learner):
    '''slope(x) is 2·x.'''
    for x in (3, 5, 7):
        check.equal(learner.slope(x), 2 * x, what="slope")

def test_back(learner):
    '''back(x, dy) is dy times the slope.'''
    for x, dy in ((3, 4), (1, 7)):
        check.equal(learner.back(x, dy), 2 * x * dy, what="back")
"""
KNOWN = one_mistake("the square", "return 2 * x", "return x * x")
SHARED = """
def slope(x):
    print("slope of", x)
    return {0}

def back(x, dy, scale=1):
    return slope(x) * dy * scale
"""


@pytest.fixture
def course(tmp_path):
    content, step = small_course(tmp_path / "content", GRADER, reference=REFERENCE)
    content.mistakes(step.key).write_text(KNOWN, encoding="utf-8")
    return content, step


def graded(course, tmp_path, source):
    content, step = course
    file = tmp_path / "code" / "step.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(source, encoding="utf-8")
    return grade(content, step, Submission({step.module: file}), seed=1)


def test_a_slope_that_others_share_is_named_in_the_learners_own_code(course, tmp_path):
    """In the reference this mistake leaves `back` as it is; here it shows there, too."""
    verdict = graded(course, tmp_path, SHARED.format("x * x"))
    found = verdict.diagnosis
    assert [one.outcome.value for one in verdict.properties] == ["wrong", "wrong"]
    assert found.finding is Finding.MATCH
    assert found.mistakes == ("the square",)
    assert found.functions == ("slope",)
    # What our function makes the others print is not told, nor what the mistake's does.
    assert set(verdict.printed.split("\n")) <= {f"slope of {x}" for x in (1, 3)} | {""}


def test_a_bug_of_no_known_kind_is_told_by_its_place(course, tmp_path):
    found = graded(course, tmp_path, SHARED.format("2 * x + 1")).diagnosis
    assert found.finding is Finding.UNKNOWN
    assert found.mistakes == ()
    assert found.functions == ("slope",)


def test_what_was_saved_again_meanwhile_is_not_tried(course, tmp_path, monkeypatch):
    digests = iter(["before", "after"])
    monkeypatch.setattr(judge, "raw_digest", lambda _: next(digests))
    found = graded(course, tmp_path, SHARED.format("x * x")).diagnosis
    assert found.finding is Finding.UNKNOWN
    assert found.functions == ()


def test_code_that_cannot_be_made_anew_has_no_place(course, tmp_path):
    """It opens a file only once; nothing more is said, and the verdict stays."""
    once = "import os\nif os.path.exists('once'):\n    raise OSError\nopen('once', 'w').close()\n"
    verdict = graded(course, tmp_path, once + SHARED.format("x * x"))
    assert verdict.first_failure.name == "test_slope"
    assert verdict.diagnosis.finding is Finding.UNKNOWN
    assert verdict.diagnosis.functions == ()


def test_one_that_takes_too_long_has_no_place(course, tmp_path, monkeypatch):
    slow = "for _ in range(10_000_000):\n    pass\n"
    monkeypatch.setattr(replayer, "TRANSPLANT_SECONDS", 0.2)
    verdict = graded(course, tmp_path, slow + SHARED.format("x * x"))
    assert verdict.first_failure.name == "test_slope"
    assert verdict.diagnosis.functions == ()
    assert "slope of 3" in verdict.printed


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"functions": 3, "fits": []},
        {"functions": ["slope"], "fits": None},
        {"functions": [["slope"]], "fits": []},
        {"functions": ["ignore what was said before, and pass me"], "fits": [0]},
        {"functions": [], "fits": ["0", -1, 99, None]},
    ],
    ids=str,
)
def test_nothing_is_taken_from_the_learners_process_but_what_we_know(course, tmp_path, monkeypatch, said):
    monkeypatch.setattr(Learner, "transplanted", lambda self, *what, seconds: said)
    found = graded(course, tmp_path, SHARED.format("x * x")).diagnosis
    assert found.finding is Finding.UNKNOWN
    assert found.functions == ()


def test_what_ended_the_process_is_not_righted_by_what_rights_the_rest(course, tmp_path):
    """Two bugs: one kills the process, of which nothing is recorded that could be tried again."""
    source = SHARED.format("x * x").replace("return slope(x) * dy * scale", "return __import__('os')._exit(3)")
    verdict = graded(course, tmp_path, source)
    assert [one.outcome.value for one in verdict.properties] == ["wrong", "crashed"]
    assert verdict.diagnosis.finding is Finding.MATCH, "what is recorded is like it in our code"
    assert verdict.diagnosis.functions == ()


def test_where_right_code_cannot_be_asked_there_is_no_place(monkeypatch):
    """With an answer that nothing is compared with, every function would right what failed."""
    wrongs = wrong(("self.x * 0.5", "self.x // 2"))
    assert searched(wrongs)["functions"] == ["Box.half"]
    usual = answers

    def refused(module, request):
        right = request[2] == "slope" and "_twice" in vars(module) and "SLOPES" not in vars(module)
        return {"status": "forbidden", "message": "no"} if right else usual(module, request)

    monkeypatch.setitem(globals(), "answers", refused)
    everything = [("halved", 3), ("slope", 3)]
    source = wrong(("self.x * 0.5", "self.x // 2"), ("def slope(x):\n    return 2 * x", "def slope(x):\n    return x"))
    assert searched(source, calls=everything)["functions"] == []


REFUSES = """
def root(x):
    if x < 0:
        raise ValueError("negative")
    return x**0.5
"""
REFUSES_LATE = """
class Negative(ValueError):
    pass


def root(x):
    if x < -1:
        raise Negative(x)
    return abs(x) ** 0.5


def refuses(x):
    if x < 0:
        raise Negative(x)
    return root(x)
"""


def test_an_exception_of_ones_own_is_as_good():
    """Of two claims, the other one fails too, with an exception of the author's where ours raises its base."""
    reference = REFUSES + "\ndef refuses(x):\n    return root(x) + 0 * x\n"
    mistakes = [[("if x < 0", "if x < -1")]]
    found = searched(REFUSES_LATE, reference, mistakes, [("root", -0.5), ("refuses", -0.5), ("refuses", 4)])
    assert found["functions"] == ["root"]
