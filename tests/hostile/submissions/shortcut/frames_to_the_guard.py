"""Walk up the call stack to the engine's guard, disarm it, and import what the step does not allow.

step: tiny/lists
allowed: forbidden error
fast: yes
"""

import sys


def disarm():
    frame = sys._getframe()
    while frame is not None:
        for value in frame.f_locals.values():
            guard = getattr(value, "guard", None)
            if guard is not None:
                guard.armed = False
        frame = frame.f_back


disarm()
numpy = __import__("num" + "py")


def total(values):
    return int(numpy.sum(values))


def running(values):
    first = [value for value in values]
    return numpy.cumsum(first).tolist()


def halve(x):
    return x / 2
