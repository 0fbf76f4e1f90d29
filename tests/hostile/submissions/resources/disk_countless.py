"""Make files without end, each of a byte.

step: tiny/lists
allowed: error memory timeout
seconds: 3
"""


def total(values):
    for number in range(10**9):
        with open(str(number), "wb") as file:
            file.write(b"x")


running = halve = total
