"""Take the banned function from the set in which NumPy registers its functions.

step: tiny/rows
allowed: forbidden error
fast: yes
"""

import numpy as np

mean = next(one for one in np._core.overrides.ARRAY_FUNCTIONS if one.__name__ == "mean")


def centre(x):
    return x - mean(x, axis=-1, keepdims=True)


def largest(x):
    return np.max(x, axis=-1)
