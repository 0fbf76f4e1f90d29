"""Return objects that would run code where they are unpickled.

step: tiny/lists
allowed: wrong error
"""


class Bomb:
    def __reduce__(self):
        return exec, ("import os; os._exit(0)",)


def total(values):
    return Bomb()


running = halve = total
