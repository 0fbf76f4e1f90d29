"""What the grader of 2.11 runs beside the learner's code: blocks built, loaded, run, differentiated, and bridged.

Arrays come in and go out; nothing is judged here.
"""

from __future__ import annotations

import copy
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from course.grading.probes import find_function


def _tensor(array: Any, dtype: str) -> Any:
    return torch.from_numpy(np.array(array)).to(getattr(torch, dtype))


def _built(module: ModuleType, init: Any, state: Any, dtype: str = "float64", **more: Any) -> Any:
    """The block with these weights, loaded as a checkpoint is: every key must be there, and no other."""
    block = find_function(module, "TransformerBlock")(*init, **more)
    # Not `.to`, which would round the tables of positions: they are not in the state dict.
    for tensor in block.state_dict(keep_vars=True).values():
        tensor.data = tensor.data.to(getattr(torch, dtype))
    block.load_state_dict({key: _tensor(one, dtype) for key, one in state.items()}, strict=True)
    return block


def _positions(positions: Any) -> tuple[Any, ...]:
    return () if positions is None else (torch.from_numpy(np.array(positions)),)


def run(
    module: ModuleType, init: Any, state: Any, x: Any, upstream: Any = None, positions: Any = None, *,
    dtype: str = "float64", mode: str = "train", seed: int = 0, **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """Build, load, run; with `upstream` also the gradients of x and of every parameter; None where none arrives."""
    block = _built(module, init, state, dtype, **more)
    block.train(mode == "train")
    x = _tensor(x, dtype).requires_grad_()
    torch.manual_seed(seed)
    y = block(x, *_positions(positions))
    seen = {"y": y.detach()}
    if upstream is not None:
        leaves = {"x": x, **dict(block.named_parameters())}
        if y.requires_grad:
            slopes = torch.autograd.grad(y, list(leaves.values()), _tensor(upstream, dtype), allow_unused=True)
        else:
            slopes = (None,) * len(leaves)
        seen["grads"] = dict(zip(leaves, slopes, strict=True))
    return seen


def several(
    module: ModuleType, init: Any, state: Any, x: Any, modes: list[str], *, seed: int = 0, **more: Any
) -> dict[str, Any]:
    """Run one block again and again, switched to each mode in turn; say whether random numbers were drawn each time.

    A mode "seed" begins the generator anew and changes nothing else; "copy" goes on with a deep copy.
    """
    block, x, ys, drawn = _built(module, init, state, **more), _tensor(x, "float64"), [], []
    torch.manual_seed(seed)
    before = x.clone()
    for mode in modes:
        if mode == "seed":
            torch.manual_seed(seed)
        elif mode == "copy":
            block = copy.deepcopy(block)
        else:
            block.train(mode == "train")
            state_before = torch.get_rng_state()
            ys.append(block(x).detach())
            drawn.append(not torch.equal(state_before, torch.get_rng_state()))
    return {"ys": ys, "drawn": drawn, "kept": torch.equal(x, before)}


def inventory(module: ModuleType, init: Any, *, dtype: str = "", **more: Any) -> dict[str, Any]:
    """What a fresh block holds: the shapes of its state dict, its parameters, its buffers and other tensors.

    `placed`: how many calls of torch were told the device that the block was told.
    """
    if dtype:
        more["dtype"] = getattr(torch, dtype)
    with _Watched() as watched:
        block = find_function(module, "TransformerBlock")(*init, device=HERE, **more)
    kept = [name for part in block.modules() for name, held in vars(part).items() if isinstance(held, torch.Tensor)]
    return {
        "state": {key: tuple(one.shape) for key, one in block.state_dict().items()},
        "parameters": {key: (str(one.dtype), one.requires_grad) for key, one in block.named_parameters()},
        "kept": kept,
        "placed": watched.placed,
        "gains": {key: one.detach().float() for key, one in block.state_dict().items() if key.startswith("ln")},
    }


# The processor, under a name that nobody has by accident.
HERE = torch.device("cpu", 0)
_MAKERS = frozenset({
    "arange", "empty", "eye", "full", "linspace", "ones", "rand", "randn", "tensor", "tril_indices", "triu_indices",
    "zeros", "from_numpy", "as_tensor",
})  # fmt: skip


class _Watched(TorchFunctionMode):
    """Notes which calls are told a device, and which make a tensor and are told none."""

    def __init__(self) -> None:
        super().__init__()
        self.placed, self.moved, self.unplaced = 0, 0, []  # type: ignore[var-annotated]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        made, name = func(*args, **kwargs), getattr(func, "__name__", "")
        devices = [one for one in (*args, *kwargs.values()) if isinstance(one, torch.device)]
        self.placed += HERE in devices
        self.moved += bool(devices) and name not in _MAKERS
        # A single number on the processor goes with tensors of every device.
        if name in _MAKERS and not devices and isinstance(made, torch.Tensor) and made.ndim:
            self.unplaced.append(name)
        return made


def made_by_forward(module: ModuleType, init: Any, state: Any, x: Any, **more: Any) -> list[str]:
    """The functions by which forward makes tensors without saying where; none where it moves as many afterwards."""
    block, x = _built(module, init, state, **more), _tensor(x, "float64")
    with _Watched() as watched:
        block(x)
    return watched.unplaced[watched.moved :]


def bridged(module: ModuleType, init: Any, state: Any, x: Any, dtype: str) -> dict[str, Any]:
    """The arrays of a block, before and after its weights are doubled, and after the first arrays are changed."""
    block, bridge = _built(module, init, state, dtype), find_function(module, "bridge_params")
    y = block.eval()(_tensor(x, dtype)).detach()
    arrays = bridge(block)
    kinds = {key: type(one).__name__ for key, one in arrays.items()}
    seen = {"arrays": {key: np.array(one) for key, one in arrays.items()}, "kinds": kinds, "y": y}
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.mul_(2.0)
    seen["later"] = {key: np.array(one) for key, one in arrays.items()}
    for one in arrays.values():
        one[...] = 0.0
    seen["weights"] = {key: one.detach().clone() for key, one in block.named_parameters()}
    seen["trained"] = all(one.requires_grad for one in block.parameters())
    return seen
