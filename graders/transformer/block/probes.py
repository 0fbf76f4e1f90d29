"""What the grader of 2.11 runs beside the learner's code: blocks built, loaded, run, differentiated, and bridged.

Arrays come in and go out; nothing is judged here.
"""

from __future__ import annotations

import copy
from types import ModuleType
from typing import Any

import numpy as np
import torch

from course.grading.devices import HERE, Placing
from course.grading.probes import find_function


def _tensor(array: Any, dtype: str) -> Any:
    return torch.from_numpy(np.array(array)).to(getattr(torch, dtype))


def _built(module: ModuleType, init: Any, state: Any, dtype: str = "float64", **more: Any) -> Any:
    """The block with these weights, loaded as a checkpoint is: every key must be there, and no other."""
    block = find_function(module, "TransformerBlock")(*init, **more)
    state, held = {key: _tensor(one, dtype) for key, one in state.items()}, block.state_dict(keep_vars=True)
    if {key: one.shape for key, one in held.items()} != {key: one.shape for key, one in state.items()}:
        block.load_state_dict(state, strict=True)  # it says which key or shape is another
    # Not `.to`, which would round the tables of positions: they are not in the state dict.
    for key, tensor in held.items():
        tensor.data = state[key]
    return block


def _positions(positions: Any) -> tuple[Any, ...]:
    return () if positions is None else (torch.from_numpy(np.array(positions)),)


def run(
    module: ModuleType, init: Any, state: Any, x: Any, upstream: Any = None, positions: Any = None, *,
    dtype: str = "float64", then: Any = (), **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """Build, load, run; with `upstream` also the gradients of x and of every parameter; None where none arrives.

    `then`: pairs of x and positions, with which the same block runs afterwards.
    """
    block = _built(module, init, state, dtype, **more)
    x = _tensor(x, dtype).requires_grad_()
    y = block(x, *_positions(positions))
    seen = {"y": y.detach()}
    if then:
        seen["then"] = [block(_tensor(other, dtype), *_positions(rows)).detach() for other, rows in then]
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

    A mode "seed" begins the generator anew and changes nothing else; "copy" goes on with a deep copy. `ys` are the
    results that do not depend on chance; `same`: which of all results are the same bits as the first.
    """
    block, x, ys, drawn = _built(module, init, state, **more), _tensor(x, "float64"), [], []
    torch.manual_seed(seed)
    before, chance = x.clone(), []
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
            chance.append(drawn[-1] or (mode == "train" and bool(more.get("dropout"))))
    return {
        "ys": [y for y, by_chance in zip(ys, chance, strict=True) if not by_chance],
        "same": [torch.equal(y, ys[0]) for y in ys],
        "drawn": drawn,
        "kept": torch.equal(x, before),
    }


def thinned(
    module: ModuleType, init: Any, state: Any, x: Any, upstream: Any, key: str, p: float, seed: int
) -> dict[str, Any]:
    """What a block whose other branch is 0 adds in training and in evaluation, and the gradient of the last weight.

    `seen`: what all ways to draw share, in steps over which hundreds of draws do not stray.
    """
    block, x, upstream = _built(module, init, state, dropout=p), _tensor(x, "float64"), _tensor(upstream, "float64")
    torch.manual_seed(seed)
    y = block(x)
    weight = block.get_parameter(key)
    got = torch.autograd.grad(y, weight, upstream, allow_unused=True)[0] if y.requires_grad else None
    with torch.no_grad():
        added, whole = y - x, block.eval()(x) - x
    lost, large = added.abs() < 1e-9, whole.abs() > 1e-3
    ratios = (added / whole)[large & ~lost]
    middle = float(ratios.median()) if len(ratios) else 0.0
    one = len(ratios) > 0 and bool(((ratios - middle).abs() < 1e-6 * abs(middle)).all())
    alike = [bool((lost == lost.roll(1, axis)).all()) for axis in range(3)]
    met = None if got is None else float((got * weight).sum())
    wanted = float((upstream * added).sum())
    seen = {
        "scale": middle if one else None,
        # Where a pattern is drawn for some numbers together, there are too few draws for a share.
        "lost": None if any(alike) else round((float(lost.double().mean()) - 0.1) / 0.2),
        "alike": alike,
        "met": met is not None and abs(met - wanted) < 1e-6 * max(1.0, abs(wanted)),
    }
    return {"y": y.detach(), "grad": None if got is None else got.detach(), "seen": seen}


def apart(module: ModuleType, init: Any, state: Any, x: Any, seed: int) -> dict[str, Any]:
    """A block at a dropout of 0.5 whose attention adds a billion times as much as its feed-forward layer.

    `seen`: whether any of the attention is dropped, and any not; and of the feed-forward layer, where it is.
    """
    block, x = _built(module, init, state, dropout=0.5), _tensor(x, "float64")
    torch.manual_seed(seed)
    y = block(x).detach()
    far, left = (y - x).abs() > 1e3, (y - x).abs() > 1e-9
    share = float(left[~far].double().mean()) if (~far).any() else 0.0
    return {"y": y, "seen": (bool(far.any()), bool((~far).any()), round(2 * share))}


def dtype_in_training(module: ModuleType, init: Any, state: Any, x: Any, dtype: str, **more: Any) -> str:
    """The dtype of what comes out with dropout."""
    return str(_built(module, init, state, dtype, **more)(_tensor(x, dtype)).dtype).removeprefix("torch.")


def inventory(module: ModuleType, init: Any, wanted: Any = (), *, dtype: str = "", **more: Any) -> dict[str, Any]:
    """What a fresh block holds: the shapes of its state dict, its parameters, its buffers and other tensors.

    `placed`: how many calls of torch were told the device that the block was told. `seen`: the same without names and
    numbers that are a matter of style; `wanted`: the names that are not.
    """
    if dtype:
        more["dtype"] = getattr(torch, dtype)
    with Placing() as placing:
        block = find_function(module, "TransformerBlock")(*init, device=HERE, **more)
    kept = [name for part in block.modules() for name, held in vars(part).items() if isinstance(held, torch.Tensor)]
    state = {key: tuple(one.shape) for key, one in block.state_dict().items()}
    parameters = {key: (str(one.dtype), one.requires_grad) for key, one in block.named_parameters()}
    return {
        "state": state,
        "parameters": parameters,
        "kept": kept,
        "placed": placing.placed,
        "seen": {
            "state": {key: state[key] for key in wanted if key in state},
            "parameters": {key: parameters[key] for key in wanted if key in parameters},
            "more": (not set(state) <= set(wanted), not set(parameters) <= set(wanted), bool(kept)),
            # The weights and the rope.
            "placed": placing.placed > len(parameters),
        },
        "gains": {key: one.detach().float() for key, one in block.state_dict().items() if key.startswith("ln")},
    }


def made_by_forward(module: ModuleType, init: Any, state: Any, x: Any, **more: Any) -> dict[str, Any]:
    """The functions by which forward makes tensors without saying where; none where it moves as many afterwards."""
    block, x = _built(module, init, state, **more), _tensor(x, "float64")
    with Placing() as placing:
        block(x)
    return {"names": placing.unplaced, "any": bool(placing.unplaced)}


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
