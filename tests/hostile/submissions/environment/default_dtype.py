"""Make another type the default of new tensors.

step: tiny/layers
allowed: passed
"""

import torch

torch.set_default_dtype(torch.float32)
torch.manual_seed(0)
torch.use_deterministic_algorithms(True)
torch.set_num_threads(2)


def softmax(x):
    e = torch.exp(x - x.max(-1, keepdim=True).values)
    return e / e.sum(-1, keepdim=True)


def scale(x, factor):
    return x * factor
