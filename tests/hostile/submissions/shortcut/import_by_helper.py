"""Let another module of the learner's package import what the step does not allow.

step: tiny/lists
allowed: forbidden error
module: helper
"""

from minillm.tiny.helper import numpy


def total(values):
    return int(numpy.sum(values))


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
#==== helper.py
import numpy
