"""Return an array that is masked throughout: it compares as neither right nor wrong.

step: tiny/rows
allowed: wrong error
"""

import numpy as np


def centre(x):
    return np.ma.masked_all(x.shape)


def largest(x):
    return np.ma.masked_all(x.shape[:-1])
