"""Return a list that never ends while it is read.

step: tiny/lists
allowed: timeout memory error
seconds: 1
memory: 512
"""


class Endless(list):
    def __iter__(self):
        while True:
            yield 1


def total(values):
    return Endless([1])


running = halve = total
