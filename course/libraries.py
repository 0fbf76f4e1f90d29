"""The libraries that a step uses, and whether they are installed: PyTorch is needed from 1.8 on only."""

from __future__ import annotations

import importlib.util
import sys

from course.curriculum import Step
from course.errors import LibraryMissing

# How that is installed which comes not with the course itself.
_INSTALLED_BY = {"torch": 'make torch   or, without make: pip install -c constraints.txt -e ".[torch]"'}


def require_libraries(step: Step) -> None:
    """Raise `LibraryMissing`, with what installs it, when a step's library cannot be imported; it imports none."""
    for name in step.rules.imports:
        if name == "stdlib" or name in sys.modules or importlib.util.find_spec(name) is not None:
            continue
        raise LibraryMissing(f"{step.number} uses {name}, which is not installed here.", hint=_INSTALLED_BY.get(name))
