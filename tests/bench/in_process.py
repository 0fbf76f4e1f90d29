"""`python -m pytest -p in_process TEST_FILE`: a grader's claims on its reference as anybody would run them.

One process, plain pytest: what a warm verdict is compared with. As many examples as in the judge.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from course.content import Content
from course.curriculum import load_curriculum
from course.grading import probes, wire
from course.grading.author import step_of, usual_settings
from course.grading.child import _load, package_finder
from course.grading.judge import reference_modules
from course.grading.learner import LearnerRaised

usual_settings()


class Direct:
    """What a grader calls, without anything between."""

    def __init__(self, module: ModuleType, own: list[ModuleType]) -> None:
        self._module, self._own = module, own

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not hasattr(self._module, name):
            raise AttributeError(name)
        return self.function(name)

    def function(self, name: str) -> Callable[..., Any]:
        return raising(probes.find_function(self._module, name))

    def probe(self, name: str, *args: Any, shown: object = "", script: object = "", **kwargs: Any) -> Any:
        place = next(one for one in (*self._own, probes) if hasattr(one, name))
        return raising(functools.partial(getattr(place, name), self._module))(*args, **kwargs)


def copied(value: Any, *, tensors: bool = False) -> Any:
    """As a grader expects it: plain data of its own, an array for a tensor."""
    return wire.decode(wire.encode(value), tensors=tensors)


def raising(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = copied((args, kwargs), tensors="torch" in sys.modules)
        try:
            return copied(function(*args, **kwargs))
        except Exception as error:
            bases = tuple(base.__name__ for base in type(error).__mro__)
            raise LearnerRaised(type(error).__name__, bases, str(error), ()) from error

    return call


@pytest.fixture(scope="module")
def learner(request: pytest.FixtureRequest) -> Direct:
    folder = Path(request.path).parent
    root = next(parent for parent in folder.parents if (parent / "curriculum" / "course.toml").is_file())
    content = Content(root)
    step = step_of(load_curriculum(content), folder)
    sys.meta_path.insert(0, package_finder({name: str(path) for name, path in reference_modules(content).items()}))
    file = content.probes(step.key)
    return Direct(importlib.import_module(step.module), [_load(str(file), "_probes_0")] if file.is_file() else [])
