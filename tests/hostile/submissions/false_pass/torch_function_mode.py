"""Leave a mode on that changes what PyTorch's functions do for everyone.

step: tiny/layers
allowed: wrong error forbidden
"""

import torch
from torch.overrides import TorchFunctionMode


class Mode(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        if getattr(function, "__name__", "") == "backward":
            return None
        return function(*args, **(kwargs or {}))


Mode().__enter__()


def softmax(x):
    return torch.full_like(x, 1.0 / x.shape[-1])


def scale(x, factor):
    return x * factor
