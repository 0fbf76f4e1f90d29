"""Save to verdict: what goes on while `course watch` runs. It decides what happens when; a view shows it."""
