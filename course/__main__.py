"""`python -m course` is `course`."""

import sys

# -m puts the current folder first, where a learner's random.py or hypothesis.py would be taken for the real one.
if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))

from course.cli import run

run()
