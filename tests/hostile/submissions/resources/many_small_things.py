"""Return a million things that are small on their way and large here.

step: tiny/rows
allowed: wrong error memory forbidden
memory: 1500
"""

import dataclasses

import numpy as np


@dataclasses.dataclass
class Nothing:
    pass


def centre(x):
    return [Nothing()] * 1_000_000


def largest(x):
    return [np.zeros(())] * 1_000_000
