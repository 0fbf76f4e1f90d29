"""Return an object that offers the memory at an address as its array.

step: tiny/rows
allowed: wrong error crashed
"""

import numpy as np


class Pointer:
    __array_interface__ = {"shape": (2, 2), "typestr": "<f8", "data": (4096, False), "version": 3}


def centre(x):
    return Pointer()


def largest(x):
    return np.asarray(Pointer())
