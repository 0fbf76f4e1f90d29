"""Return arrays whose class lies about shape, values and comparisons.

step: tiny/rows
allowed: wrong error
fast: yes
"""

import numpy as np


class Liar(np.ndarray):
    __array_priority__ = 1e9

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.ones(inputs[0].shape, bool)

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return np.zeros(self.shape)

    __rsub__ = __sub__

    def tobytes(self, order="C"):
        return bytes(self.nbytes)

    def astype(self, *args, **kwargs):
        return self


def centre(x):
    return np.ones(x.shape).view(Liar)


def largest(x):
    return np.ones(x.shape[:-1]).view(Liar)
