"""Allocate shared pages, which the limit on private memory does not count.

step: tiny/lists
allowed: memory error
memory: 256
"""

import mmap


def total(values):
    kept = []
    while True:
        pages = mmap.mmap(-1, 64 << 20)
        for place in range(0, len(pages), 4096):
            pages[place] = 1
        kept.append(pages)


running = halve = total
