"""The submissions and the graders of the course under attack are run by the judge, not by pytest."""

from __future__ import annotations

collect_ignore = ["course", "submissions"]
