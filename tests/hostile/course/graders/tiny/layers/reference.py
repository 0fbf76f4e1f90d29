"""Rows of probabilities, in PyTorch."""

import torch


def softmax(x):
    e = torch.exp(x - x.max(-1, keepdim=True).values)
    return e / e.sum(-1, keepdim=True)


def scale(x, factor):
    return x * factor
