"""Return as many bytes as may cross, in every call.

step: tiny/lists
allowed: wrong memory error
memory: 1500
"""


def total(values):
    return bytes(200 << 20)


running = halve = total
