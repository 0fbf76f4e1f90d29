"""Hold the interpreter in one call of C code: a power, a regular expression.

step: tiny/lists
allowed: timeout memory
seconds: 0.4
"""

import re


def total(values):
    return re.match("(a+)+$", "a" * 64 + "b")


def running(values):
    return [10 ** 10**9]


def halve(x):
    return x / 2
