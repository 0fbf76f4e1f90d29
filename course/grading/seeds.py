"""Which inputs a code meets: the seed of a run, by what is graded."""

from __future__ import annotations

import hashlib

# The seeds that learners' code is graded with: few enough for a grader to be proven on each of them, and for their
# inputs to be drawn before anybody waits.
SEEDS = range(1, 9)


def seed_of(code: str, grader: str) -> int:
    """The same code before the same grader meets the same examples; changed code mostly meets others."""
    return SEEDS[int.from_bytes(hashlib.sha256(f"{code} {grader}".encode()).digest()[:4], "big") % len(SEEDS)]
