"""The engine of the course: curriculum, gate, judge and command line."""

__version__ = "0.1.0"
