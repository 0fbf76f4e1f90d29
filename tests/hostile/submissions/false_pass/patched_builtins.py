"""Write into the input, and take from the engine the function with which it looks for changes.

step: tiny/lists
allowed: wrong error forbidden
fast: yes
"""

import builtins

builtins.enumerate = lambda *args: iter(())


def total(values):
    return sum(values)


def running(values):
    for place in range(1, len(values)):
        values[place] += values[place - 1]
    return list(values)


def halve(x):
    return x / 2
