"""Call the written-out versions of the operators that PyTorch's compiler uses.

step: tiny/layers
allowed: forbidden error wrong
"""

import importlib

import torch

refs = importlib.import_module("torch._refs")


def softmax(x):
    return refs.softmax(x, -1)


def scale(x, factor):
    return x * factor
