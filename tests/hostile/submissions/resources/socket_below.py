"""Open sockets by the module below, which may be loaded already.

step: tiny/lists
allowed: forbidden error
"""

import importlib.machinery
import sys

module = sys.modules.get("_socket")
if module is None:
    spec = importlib.machinery.PathFinder.find_spec("_socket") or importlib.machinery.BuiltinImporter.find_spec("_socket")
    module = spec.loader.create_module(spec)
    spec.loader.exec_module(module)
kept = [module.socket(module.AF_INET, module.SOCK_STREAM) for _ in range(10)]
kept[0].connect(("127.0.0.1", 9))


def total(values):
    return sum(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
