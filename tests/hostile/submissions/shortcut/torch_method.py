"""Call softmax as the tensor's own method.

step: tiny/layers
allowed: forbidden error
"""

import torch


def softmax(x):
    return x.softmax(-1)


def scale(x, factor):
    return x * factor
