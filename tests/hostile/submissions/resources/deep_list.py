"""Return a list nested a hundred thousand deep.

step: tiny/lists
allowed: error
fast: yes
holds: test_halve
"""


def total(values):
    result = []
    for _ in range(10**5):
        result = [result]
    return result


def running(values):
    result = []
    result.append(result)
    return result


def halve(x):
    return x / 2
