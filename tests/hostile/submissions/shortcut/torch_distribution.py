"""Let a distribution normalise the logits.

step: tiny/layers
allowed: forbidden error
"""

import torch


def softmax(x):
    return torch.distributions.Categorical(logits=x).probs


def scale(x, factor):
    return x * factor
