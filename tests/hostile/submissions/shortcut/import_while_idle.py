"""Let a thread import what is not allowed while the engine waits for the next question.

step: tiny/lists
allowed: forbidden error timeout
"""

import threading
import time

found = []


def look():
    for _ in range(400):
        try:
            found.append(__import__("num" + "py"))
            return
        except BaseException:
            time.sleep(0.001)


threading.Thread(target=look, daemon=True).start()


def total(values):
    while not found:
        time.sleep(0.01)
    return int(found[0].sum(values))


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
