"""Leave segments of shared memory behind.

step: tiny/lists
allowed: forbidden error
fast: yes
"""

with open("/dev/shm/course-hostile", "wb") as file:
    file.write(b"x" * 4096)


def total(values):
    return sum(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
