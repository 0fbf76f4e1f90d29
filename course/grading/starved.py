"""How long a process was ready to run and got no core: time that a limit must not count against it.

On a machine with more work than cores a right answer can take as long as an endless loop does on an idle one. What a
process slept or computed is its own; what it waited in the queue is the machine's.
"""

from __future__ import annotations

from pathlib import Path

# However busy the machine is, somebody waits for the verdict.
MOST = 9.0


def starved(process: int | str, limit: float) -> float:
    """Seconds that the process's main thread has waited for a core, at most `MOST` limits; 0 where nobody counts them.

    `process` is an id, or "thread-self" for the calling thread.
    """
    try:
        waited = int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
    return min(waited, MOST * limit)
