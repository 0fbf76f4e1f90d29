"""Reach the engine by the globals of a function that it put in the library's place.

step: tiny/rows
allowed: forbidden error
"""

import numpy as np

banned = getattr(np, "me" + "an")
for cell in banned.__closure__ or ():
    if hasattr(cell.cell_contents, "armed"):
        cell.cell_contents.armed = False
        cell.cell_contents.refuse = lambda what: None
probes = banned.__globals__["probes"]
torch = __import__("tor" + "ch")


def centre(x):
    return (torch.tensor(x) - torch.tensor(x).mean(-1, keepdim=True)).numpy()


def largest(x):
    return np.max(x, axis=-1)
