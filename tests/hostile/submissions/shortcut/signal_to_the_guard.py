"""The same with a signal handler, which is given the frame that it interrupts.

step: tiny/lists
allowed: forbidden error crashed
"""

import signal


def handler(number, frame):
    while frame is not None:
        for value in list(frame.f_locals.values()):
            guard = getattr(value, "guard", None)
            if guard is not None:
                guard.armed = False
        frame = frame.f_back


signal.signal(signal.SIGUSR1, handler)
signal.raise_signal(signal.SIGUSR1)
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
