"""Return sets of tuples and floats whose hashes collide.

step: tiny/lists
allowed: wrong error timeout forbidden
seconds: 5
"""

PRIME = (1 << 61) - 1


class Members(set):
    def __len__(self):
        return 400_000

    def __iter__(self):
        return iter([number * PRIME for number in range(400_000)])


def total(values):
    return Members()


def running(values):
    return Members()


def halve(x):
    return x / 2
