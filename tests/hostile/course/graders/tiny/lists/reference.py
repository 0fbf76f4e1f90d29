"""Sums of lists."""


def total(values):
    result = 0
    for value in values:
        result += value
    return result


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
