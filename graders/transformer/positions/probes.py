"""What the grader of 2.2 runs beside the learner's code: whether a table is the caller's own shows only there."""

from types import ModuleType
from typing import Any

import numpy as np


def written_over(module: ModuleType, T: int, d: int) -> dict[str, Any]:
    """Ask for a table, overwrite it, ask again; return copies of the first and the second. The first gets its own back.

    So a version that hands out one array twice answers the calls that follow as if nothing had been.
    """
    table = module.sinusoidal_positions(T, d)
    first = np.array(table)
    table[...] = 7.0
    second = np.array(module.sinusoidal_positions(T, d))
    table[...] = first
    return {"first": first, "second": second}
