"""The same with the inspect module.

step: tiny/lists
allowed: forbidden error
"""

import inspect

for entry in inspect.stack():
    for value in list(entry.frame.f_locals.values()):
        guard = getattr(value, "guard", None)
        if guard is not None:
            guard.armed = False
numpy = __import__("num" + "py")


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
