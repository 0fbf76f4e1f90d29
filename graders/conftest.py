"""Plain `pytest graders/foundations/neuron`: the properties against the reference, or against `--learner FILE`."""

from course.grading.author import learner, pytest_addoption, usual_settings

__all__ = ["learner", "pytest_addoption"]

# Before a grader is imported: a property's own @settings take what they leave open from the profile of that moment.
usual_settings()
