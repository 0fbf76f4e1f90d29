"""Return objects that become another array every time they are asked for one.

step: tiny/rows
allowed: wrong error
"""

import numpy as np


class Liar:
    shape, ndim, dtype, size = (2, 2), 2, np.dtype(float), 4

    def __array__(self, *args, **kwargs):
        return np.full(self.shape, np.nan)

    def __array_function__(self, *args):
        return True

    def __array_ufunc__(self, *args, **kwargs):
        return True

    def __eq__(self, other):
        return True


def centre(x):
    return Liar()


largest = centre
