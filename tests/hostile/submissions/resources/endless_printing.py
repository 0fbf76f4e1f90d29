"""Print without end, and without an end of line.

step: tiny/lists
allowed: timeout
seconds: 0.5
"""


def total(values):
    while True:
        print("x" * 1000, end="")


running = halve = total
