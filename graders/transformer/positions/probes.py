"""What the grader of 2.2 runs beside the learner's code: whether a table is the caller's own shows only there."""

from types import ModuleType
from typing import Any

import numpy as np


def written_over(module: ModuleType, T: int, d: int) -> dict[str, Any]:
    """Ask for a table, overwrite it, ask again; return a copy of the first and the second."""
    table = module.sinusoidal_positions(T, d)
    first = np.array(table)
    table[...] = 7.0
    return {"first": first, "second": module.sinusoidal_positions(T, d)}
