"""Would code work with its tensors on another device? Followed on the processor, by which calls are told one.

For the probes of torch steps: they run in the learner process, where torch is loaded anyway. Nothing else imports this.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

# The processor, under a name that nobody has by accident.
HERE = torch.device("cpu", 0)
# What makes a tensor on the usual device, if it is told no other.
_MAKERS = frozenset({
    "arange", "empty", "eye", "full", "linspace", "logspace", "ones", "rand", "randn", "tensor", "tril_indices",
    "triu_indices", "zeros", "from_numpy", "as_tensor",
})  # fmt: skip
# Of two tensors one gives its numbers, the other a shape, a dtype or a place; or a copy crosses from device to device.
_MAY_MIX = frozenset({"to", "type_as", "expand_as", "view_as", "reshape_as", "copy_"})


class Placing(TorchFunctionMode):
    """Notes which calls are told a device, and which make a tensor and are told none.

    `placed`: how many calls were told `HERE`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.placed = 0
        self._moved = 0
        self._unplaced: list[str] = []

    @property
    def unplaced(self) -> list[str]:
        """The functions that made a tensor without a device; none where as many were moved afterwards."""
        return self._unplaced[self._moved :]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        made, name = func(*args, **kwargs), getattr(func, "__name__", "")
        devices = _devices(args, kwargs)
        self.placed += HERE in devices
        self._moved += bool(devices) and name not in _MAKERS
        # A single number on the processor goes with tensors of every device.
        if name in _MAKERS and not devices and isinstance(made, torch.Tensor) and made.ndim:
            self._unplaced.append(name)
        return made


class Strangers(TorchFunctionMode):
    """Follows tensors that are made without a device: beside a model on a GPU they would lie on the processor.

    `mixed`: whether one of them, or what was computed of them alone, meets another tensor. An index may lie on the
    processor, and a single number goes with every device.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mixed = False
        self._strange: dict[int, Any] = {}  # kept, so that no other tensor gets the same id

    def knows(self, tensor: Any) -> bool:
        return id(tensor) in self._strange

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        made, name = func(*args, **kwargs), getattr(func, "__name__", "")
        indexes = name in ("__getitem__", "__setitem__", "index_put", "index_put_")
        parts = [args[0], *args[2:]] if indexes else [*args, *kwargs.values()]
        given = [one for part in parts for one in _tensors(part) if one.ndim]
        strange = [self.knows(one) for one in given]
        self.mixed |= name not in _MAY_MIX and any(strange) and not all(strange)
        if not _devices(args, kwargs) and (all(strange) if given else name in _MAKERS):
            self._strange |= {id(one): one for one in _tensors(made)}
        return made


def _devices(args: Any, kwargs: dict[str, Any]) -> list[torch.device]:
    return [one for one in (*args, *kwargs.values()) if isinstance(one, torch.device)]


def _tensors(value: Any) -> list[Any]:
    if isinstance(value, torch.Tensor):
        return [value]
    return [one for part in value for one in _tensors(part)] if isinstance(value, list | tuple) else []
