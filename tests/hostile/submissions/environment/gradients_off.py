"""Switch autograd off for everyone: what needs a gradient fails, the others hold.

step: tiny/layers
allowed: error wrong
holds: test_softmax test_scale
"""

import torch

torch.set_grad_enabled(False)


def softmax(x):
    e = torch.exp(x - x.max(-1, keepdim=True).values)
    return e / e.sum(-1, keepdim=True)


def scale(x, factor):
    return x * factor
