"""The same, by the module that every built-in function belongs to.

step: tiny/lists
allowed: wrong error forbidden
"""

len.__self__.enumerate = lambda *args: iter(())


def total(values):
    return sum(values)


def running(values):
    for place in range(1, len(values)):
        values[place] += values[place - 1]
    return list(values)


def halve(x):
    return x / 2
