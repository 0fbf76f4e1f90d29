"""What helps a learner on without giving the line away: hints from the diagnosis, and the failing call to run."""
