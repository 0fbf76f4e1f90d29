"""Plain `pytest graders/foundations/neuron`: the properties against the reference, or against `--learner FILE`."""

from course.grading.author import learner, pytest_addoption

__all__ = ["learner", "pytest_addoption"]
