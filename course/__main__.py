"""`python -m course` is `course`."""

from course.cli import run

run()
