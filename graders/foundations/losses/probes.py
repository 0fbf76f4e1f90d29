"""What the grader of F.7 runs beside the learner's code: warnings are heard where they are given."""

import warnings
from types import ModuleType
from typing import Any


def quietly(module: ModuleType, name: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Call a function with every warning noted; return its value and the warnings' texts."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = getattr(module, name)(*args, **kwargs)
    return {"value": value, "warnings": [str(warning.message) for warning in caught]}
