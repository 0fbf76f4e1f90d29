"""Settings that hold for a whole process: what a call changes of them ends with it.

Gradients switched off in one function would otherwise be the failure of every other, and of whoever replays it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Ambient:
    """torch's gradient mode and default dtype, and NumPy's way with floating-point errors, of those that are imported.

    Their functions are taken when this is made, before a learner's code can put others in their place.
    """

    def __init__(self) -> None:
        self._settings: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
        if torch := sys.modules.get("torch"):
            self._settings.append((torch.is_grad_enabled, torch._C._set_grad_enabled))
            self._settings.append((torch.get_default_dtype, torch._C._set_default_dtype))
        if numpy := sys.modules.get("numpy"):
            set_errors = numpy.seterr
            self._settings.append((numpy.geterr, lambda errors: set_errors(**errors)))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever is done inside, afterwards the settings are what they were."""
        before = [read() for read, _ in self._settings]
        try:
            yield
        finally:
            for (read, write), value in zip(self._settings, before, strict=True):
                if read() != value:
                    write(value)
