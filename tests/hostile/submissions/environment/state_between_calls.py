"""Remember what was asked, and answer wrongly from the third call on.

step: tiny/lists
allowed: wrong
"""

calls = []


def total(values):
    calls.append(values)
    return sum(values) if len(calls) < 3 else 0


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
