"""Start a process by the function below the ones that are watched.

step: tiny/lists
allowed: forbidden error
needs: processes
"""

import os
import sys


def total(values):
    for name in ("_posixsubprocess", "posix"):
        module = sys.modules.get(name)
        for way in ("fork", "fork_exec", "posix_spawn"):
            try:
                getattr(module, way)("/bin/sleep", ["sleep", "60"], {})
            except TypeError:
                getattr(module, way)()
            except AttributeError:
                continue
    return sum(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
