"""The same, with a thread that the threading module does not know.

step: tiny/lists
allowed: wrong error forbidden
"""

import _thread


def slow(values, sums, done):
    for place in range(len(values)):
        so_far = 0
        for value in values[: place + 1]:
            so_far += value
        sums.append(so_far)
    done.release()


def total(values):
    return sum(values)


def running(values):
    sums = []
    first = values[0]
    for value in values:
        first = value
    done = _thread.allocate_lock()
    done.acquire()
    _thread.start_new_thread(slow, (values, sums, done))
    done.acquire()
    return sums


def halve(x):
    return x / 2
