"""Compile a text that calls softmax.

step: tiny/layers
allowed: forbidden error
"""

import torch

unit = torch.jit.CompilationUnit("def f(x: Tensor):\n    return torch.softmax(x, -1)\n")


def softmax(x):
    return unit.f(x)


def scale(x, factor):
    return x * factor
