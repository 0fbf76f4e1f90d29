"""What a library prepares at its first use, done while nobody waits for it."""

from __future__ import annotations

import select
import sys
from typing import IO

# A process that nobody asks for so long is a spare one.
IDLE_SECONDS = 0.5


def warm_up() -> None:
    """Let torch go back once from a given gradient: its first time imports sympy, a third of a second."""
    if torch := sys.modules.get("torch"):
        x = torch.ones(1, requires_grad=True)
        torch.autograd.grad(x * 2, x, torch.ones(1))


def warm_up_if_idle(requests: IO[bytes]) -> None:
    """Do it now if no request comes in; where that cannot be seen (Windows' pipes), leave it to the first call."""
    if sys.platform != "win32" and not select.select([requests], [], [], IDLE_SECONDS)[0]:
        warm_up()
