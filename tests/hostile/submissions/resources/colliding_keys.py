"""Return a dict whose keys all have the same hash.

step: tiny/lists
allowed: wrong error forbidden
fast: yes
holds: test_halve
"""

PRIME = (1 << 61) - 1


class Pairs(dict):
    """A dict that is quick to build and slow to read back."""

    def __len__(self):
        return 200_000

    def items(self):
        return [(number * PRIME, 0) for number in range(200_000)]


def total(values):
    return Pairs()


def running(values):
    return [{number * PRIME: 0 for number in range(2000)}]


def halve(x):
    return x / 2
