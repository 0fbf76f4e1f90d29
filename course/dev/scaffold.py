"""The files of a new step, each in its place, ready to be filled."""

from __future__ import annotations

import json
import re
from pathlib import Path

from course.curriculum import Curriculum
from course.errors import UsageError
from course.workspace import write_missing

_STUB = '''"""{title}.

Write the functions in the order they stand here.
"""


def double(x: float) -> float:
    """Return 2·x.

    >>> double(1.5)
    3.0
    """
    raise NotImplementedError("double")
'''

_REFERENCE = '''"""{title}."""


def double(x: float) -> float:
    return 2 * x
'''

_RIGHT = '''"""The same in another style."""


def double(x):
    return x + x
'''

_TEST = '''"""The hidden grader. Every oracle is an independent, slow definition."""

from hypothesis import given
from hypothesis import strategies as st

from course.grading import check


@given(st.integers(-1000, 1000))
def test_double(learner, x):
    """double(x) is 2·x."""
    check.close(learner.double(float(x)), float(x + x), what="double")
'''

_MISTAKES = """# Known wrong versions, as edits of reference.py (`find` occurs there exactly once).

[[mistake]]
name = "squares instead of doubling"
find = "    return 2 * x"
replace = "    return x**2"
belief = "Two times and to the power of two are the same."
hints = [
    "What should double(3) be?",
    "Compare your value at 3 with 3 + 3.",
    "You believe 2·x and x² agree. They do at 0 and 2 only.",
]
"""

_LESSON = """# {title}

Why does this exist? …

## The idea

Work one case by hand, with numbers, and prove them:

```python
>>> 2 * 1.5
3.0
```

## The machine

What does it cost: FLOPs, bytes, what a GPU does with it.

## What you will write

## Where it usually goes wrong

> **Predict before you run.** …

## Read more
"""

_PROMPT = """openers = [
    "…",
    "…",
    "…",
]

references = []

[[facts]]
says = "two times 1.5 is {}"
value = "2 * 1.5"
"""


def scaffold(curriculum: Curriculum, key: str, title: str, rules: str) -> tuple[list[Path], str]:
    """Write the files that are missing; return them and the entry for course.toml.

    Raise `UsageError` for a key that cannot be one or is taken, and for rules that there are not.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*", key):
        raise UsageError(
            f"{key!r} is not a step's key.", hint="course dev new stage/step   in lower case, like transformer/rope"
        )
    if key in curriculum:
        raise UsageError(f"{key} exists already: it is {curriculum[key].number}.", hint=f"course dev check {key}")
    if rules not in curriculum.rules:
        known = ", ".join(curriculum.rules)
        raise UsageError(
            f"There are no rules {rules!r}; course.toml has {known}.", hint=f"course dev new {key} --rules NP"
        )
    content = curriculum.content
    files = {
        content.lesson(key): _LESSON,
        content.stub(key): _STUB,
        content.test_file(key): _TEST,
        content.reference(key): _REFERENCE,
        content.grader(key) / "right_other_style.py": _RIGHT,
        content.mistakes(key): _MISTAKES,
        content.prompt(key): _PROMPT,
    }
    made = [path for path, text in files.items() if write_missing(path, text.replace("{title}", title))]
    quoted = json.dumps(title, ensure_ascii=False)  # TOML writes a string as JSON does
    entry = f'[[stages.steps]]\nkey = "{key}"\ntitle = {quoted}\nminutes = 50\nneeds = []\nrules = "{rules}"\n'
    return made, entry
