"""Fill the disk with one file.

step: tiny/lists
allowed: error memory
fast: yes
holds: test_halve
"""


def total(values):
    with open("a", "wb") as file:
        while True:
            file.write(bytes(1 << 20))


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
