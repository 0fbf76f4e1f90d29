"""Execute the many lines in another thread, where they are not counted.

step: tiny/lists
allowed: wrong error forbidden
"""

import threading


def slow(values, sums):
    for place in range(len(values)):
        so_far = 0
        for value in values[: place + 1]:
            so_far += value
        sums.append(so_far)


def total(values):
    return sum(values)


def running(values):
    sums = []
    first = values[0]
    for value in values:
        first = value
    worker = threading.Thread(target=slow, args=(values, sums))
    worker.start()
    worker.join()
    return sums


def halve(x):
    return x / 2
