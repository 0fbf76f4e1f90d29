"""Enter inference mode and never leave it.

step: tiny/layers
allowed: error wrong
"""

import torch

torch.inference_mode().__enter__()


def softmax(x):
    e = torch.exp(x - x.max(-1, keepdim=True).values)
    return e / e.sum(-1, keepdim=True)


def scale(x, factor):
    return x * factor
