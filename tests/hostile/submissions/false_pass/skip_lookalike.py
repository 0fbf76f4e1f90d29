"""Raise what unittest takes for a skip, and an exception of the same name as pytest's.

step: tiny/lists
allowed: error
holds: test_halve
"""

import unittest

Skipped = type("Skipped", (BaseException,), {"allow_module_level": True})


def total(values):
    raise unittest.SkipTest("nothing to see")


def running(values):
    raise Skipped("nothing to see")


def halve(x):
    return x / 2
