"""Make the learner's own file a link to the reference.

step: foundations/neuron
allowed: forbidden error
link: graders/foundations/neuron/reference.py
"""
