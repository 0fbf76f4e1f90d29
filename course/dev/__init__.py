"""For the authors of steps: the content's linter, the proof of its graders, and the scaffold of a new step."""
