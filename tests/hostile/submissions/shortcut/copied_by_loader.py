"""Let the import system execute NumPy's source again, under another name.

step: tiny/rows
allowed: forbidden error
"""

import importlib.util

import numpy as np

spec = importlib.util.spec_from_file_location("numpy._core.copied", np._core.fromnumeric.__file__)
copy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(copy)


def centre(x):
    return x - getattr(copy, "me" + "an")(x, axis=-1, keepdims=True)


def largest(x):
    return np.max(x, axis=-1)
