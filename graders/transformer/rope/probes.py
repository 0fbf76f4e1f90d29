"""What the grader of 2.3 runs beside the learner's code: whether memory is shared shows only there."""

from types import ModuleType
from typing import Any

import numpy as np


def sharing(module: ModuleType, name: str, x: Any, token_positions: Any) -> bool:
    """Say whether what a function returns shares memory with its x."""
    y = getattr(module, name)(x, token_positions)
    return isinstance(y, np.ndarray) and bool(np.shares_memory(y, x))
