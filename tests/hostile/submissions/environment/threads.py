"""Ask for many threads in the math libraries.

step: tiny/layers
allowed: passed
"""

import os

import torch

os.environ["OMP_NUM_THREADS"] = "64"
torch.set_num_threads(16)


def softmax(x):
    e = torch.exp(x - x.max(-1, keepdim=True).values)
    return e / e.sum(-1, keepdim=True)


def scale(x, factor):
    return x * factor
