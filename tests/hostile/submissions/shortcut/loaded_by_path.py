"""Load NumPy's files as modules of another name.

step: tiny/lists
allowed: forbidden error
"""

import importlib.util
import json
import os
import sys

for folder in json.loads(sys.argv[1]):
    file = os.path.join(folder, "numpy", "__init__.py")
    if os.path.exists(file):
        spec = importlib.util.spec_from_file_location("np", file, submodule_search_locations=[os.path.dirname(file)])
        numpy = importlib.util.module_from_spec(spec)
        sys.modules["np"] = numpy
        spec.loader.exec_module(numpy)


def total(values):
    return int(numpy.sum(values))


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
