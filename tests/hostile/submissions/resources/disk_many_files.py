"""Fill the disk with many files, each below the limit.

step: tiny/lists
allowed: error memory
seconds: 8
"""


def total(values):
    for number in range(10**6):
        with open(str(number), "wb") as file:
            file.write(bytes(32 << 20))


running = halve = total
