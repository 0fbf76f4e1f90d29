"""Change the locale and the time zone.

step: tiny/lists
allowed: passed
"""

import locale
import os
import time

for name in ("de_DE.UTF-8", "C.UTF-8", "C"):
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        continue
os.environ["TZ"] = "Pacific/Kiritimati"
time.tzset()


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
