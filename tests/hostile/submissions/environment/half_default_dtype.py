"""Make half precision the default, call by call.

step: tiny/layers
allowed: passed
fast: yes
"""

import torch


def softmax(x):
    torch.set_default_dtype(torch.float16)
    e = torch.exp(x - x.max(-1, keepdim=True).values)
    return e / e.sum(-1, keepdim=True)


def scale(x, factor):
    return x * factor
