"""What the grader of H.3 runs beside the learner's code: autograd needs the tensors themselves."""

import torch


def gradient(module, x, upstream):
    """Return d(sum(upstream · softmax(x)))/dx as autograd has it."""
    leaf = x.detach().clone().requires_grad_()
    (module.softmax(leaf) * upstream).sum().backward()
    return leaf.grad
