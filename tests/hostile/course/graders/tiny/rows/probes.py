"""What the grader of H.2 runs beside the learner's code: it tells changes the way the course's own probes do."""

import numpy as np


def changed(module, name, x):
    """Call a function; say whether x is no longer as it was."""
    before = np.array(x, copy=True)
    getattr(module, name)(x)
    return not np.array_equal(x, before)
