"""Try every module of the standard library that imports by name, and swallow every refusal.

step: tiny/lists
allowed: forbidden error
fast: yes
"""

import cProfile
import doctest
import pickle
import pydoc
import runpy
import timeit
import unittest.mock

WAYS = [
    lambda name: pydoc.locate(name),
    lambda name: runpy.run_module(name),
    lambda name: unittest.mock._importer(name),
    lambda name: pickle._Unpickler.find_class(pickle._Unpickler(None), name, "sum"),
    lambda name: timeit.timeit(f"import {name}", number=1),
    lambda name: doctest.run_docstring_examples(f">>> import {name}", {}),
    lambda name: cProfile.runctx(f"import {name}", {}, {}),
    lambda name: pickle.loads(f"c{name}\nsum\n.".encode()),
]

for way in WAYS:
    try:
        way("num" + "py")
    except BaseException:
        pass


def total(values):
    return sum(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
