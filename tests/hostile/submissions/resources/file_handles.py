"""Open files until no handle is left, and keep them.

step: tiny/lists
allowed: error crashed
holds: test_halve
"""

kept = []


def total(values):
    while True:
        kept.append(open("/dev/null"))


def running(values):
    raise OSError("no handle left")


def halve(x):
    return x / 2
