"""Judge and learner: what decides whether a step works.

For the authors of graders: `from course.grading import budgets, check, gradients, strategies`. The engine uses the
rest.
"""
