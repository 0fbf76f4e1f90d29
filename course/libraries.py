"""The libraries that are installed when a step needs them: PyTorch, from 1.8 on."""

from __future__ import annotations

import importlib.util
import sys

from course.curriculum import Step
from course.errors import LibraryMissing

# The course itself brings the others. What a step allows besides, and nobody installed, the learner's import names.
INSTALLED_BY = {"torch": 'make torch   or, without make: pip install -c constraints.txt -e ".[torch]"'}


def require_libraries(step: Step) -> None:
    """Raise `LibraryMissing`, with what installs it, when one of them is not there; nothing is imported to see that."""
    for name, command in INSTALLED_BY.items():
        if name in step.rules.imports and name not in sys.modules and importlib.util.find_spec(name) is None:
            raise LibraryMissing(f"{step.number} uses {name}, which is not installed here.", hint=command)
