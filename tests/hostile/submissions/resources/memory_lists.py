"""Allocate until nothing is left.

step: tiny/lists
allowed: memory
memory: 256
fast: yes
holds: test_halve
"""


def total(values):
    kept = []
    while True:
        kept.append([0] * 10**6)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
