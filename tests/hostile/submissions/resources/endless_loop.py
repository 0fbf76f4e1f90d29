"""Never answer.

step: tiny/lists
allowed: timeout
seconds: 0.4
fast: yes
holds: test_halve
"""


def total(values):
    while True:
        pass


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
