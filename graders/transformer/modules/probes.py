"""What the grader of 2.10 runs beside the learner's code: modules built, loaded, run, and differentiated by autograd.

Arrays come in and go out; nothing is judged here.
"""

from __future__ import annotations

import copy
from types import ModuleType
from typing import Any

import numpy as np
import torch

from course.grading.devices import HERE, Placing, Strangers
from course.grading.probes import find_function

Setting = dict[str, Any]  # {"name", "init", "state", "rope"}, see `_built`


def _tensor(array: Any, dtype: str, *, strided: bool = False, grad: bool = False) -> Any:
    """An array as a tensor of its own memory; what is no floating-point number keeps its dtype."""
    if array is None:
        return None
    tensor = torch.from_numpy(np.array(array, order="F" if strided else "C"))
    if tensor.is_floating_point() and dtype:
        tensor = tensor.to(getattr(torch, dtype))
    return tensor.requires_grad_(grad and tensor.is_floating_point())


def _built(module: ModuleType, setting: Setting, dtype: str) -> Any:
    """The layer with these weights, loaded as a checkpoint is: every key must be there, and no other."""
    more = {}
    if setting.get("rope"):
        more["rope"] = find_function(module, "RotaryPositionalEmbedding")(*setting["rope"])
    layer = find_function(module, setting["name"])(*setting["init"], **more)
    state = {key: _tensor(one, dtype) for key, one in setting["state"].items()}
    held = layer.state_dict(keep_vars=True)
    if {key: one.shape for key, one in held.items()} != {key: one.shape for key, one in state.items()}:
        layer.load_state_dict(state, strict=True)  # it says which key or shape is another
    # Not `.to`, which would round the tables of positions: they are not in the state dict.
    for key, tensor in held.items():
        tensor.data = state[key]
    return layer


def _arguments(x: Any, positions: Any) -> tuple[Any, ...]:
    return (x,) if positions is None else (x, torch.from_numpy(np.array(positions)))


def _slopes(y: Any, upstream: Any, leaves: dict[str, Any]) -> dict[str, Any]:
    """The gradient for each leaf; None where none arrives."""
    wanted = {name: leaf for name, leaf in leaves.items() if leaf is not None and leaf.requires_grad}
    if not y.requires_grad:
        return dict.fromkeys(wanted)
    got = torch.autograd.grad(y, list(wanted.values()), upstream.to(y.dtype), allow_unused=True)
    return dict(zip(wanted, got, strict=True))


def run(
    module: ModuleType, setting: Setting, x: Any, upstream: Any = None, positions: Any = None, *,
    dtype: str = "float64", strided: bool = False, given: str = "", then: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """Build, load, run; with `upstream`, also the gradients of x and of every parameter.

    `given`: the dtype of x, where it is another than that of the weights. `then`: another x, for a second run.
    """
    layer = _built(module, setting, dtype)
    x = _tensor(x, given or dtype, strided=strided, grad=True)
    y = layer(*_arguments(x, positions))
    seen = {"y": y.detach()}
    if upstream is not None:
        slopes = _slopes(y, _tensor(upstream, dtype), {"x": x, **dict(layer.named_parameters())})
        seen["grads"] = {name: None if one is None else one.detach() for name, one in slopes.items()}
    if then is not None:
        seen["then"] = layer(*_arguments(_tensor(then, dtype), positions)).detach()
    return seen


def turn(
    module: ModuleType, rope: Any, x: Any, upstream: Any = None, positions: Any = None, *,
    dtype: str = "float64", strided: bool = False, cast: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Run a RotaryPositionalEmbedding; `cast`: first move the module to that dtype."""
    layer = find_function(module, "RotaryPositionalEmbedding")(*rope)
    if cast:
        layer = layer.to(getattr(torch, cast))
    x = _tensor(x, dtype, strided=strided, grad=True)
    y = layer(*_arguments(x, positions))
    seen = {"y": y.detach()}
    if upstream is not None:
        seen["grads"] = _slopes(y, _tensor(upstream, dtype), {"x": x})
    return seen


def attend(
    module: ModuleType, Q: Any, K: Any, V: Any, mask: Any = None, upstream: Any = None, *,
    dtype: str = "float64", strided: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Run scaled_dot_product_attention, with its gradients if `upstream` is given."""
    leaves = {name: _tensor(one, dtype, strided=strided, grad=True) for name, one in zip("QKV", (Q, K, V), strict=True)}
    more = () if mask is None else (torch.from_numpy(np.array(mask)),)
    y = find_function(module, "scaled_dot_product_attention")(*leaves.values(), *more)
    seen = {"y": y.detach()}
    if upstream is not None:
        seen["grads"] = _slopes(y, _tensor(upstream, dtype), leaves)
    return seen


def drawn(module: ModuleType, name: str, init: Any, seed: int, sigma: float) -> dict[str, Any]:
    """The first weights of two layers made one after the other, and of a third for which the generator begins anew.

    `seen`: what all ways to draw from one distribution share, in steps that sixty thousand numbers do not stray over.
    """
    layer, found = find_function(module, name), []
    for again in (True, False, True):
        if again:
            torch.manual_seed(seed)
        found.append(layer(*init).weight.detach())
    first, second, again = found
    far = float((first.abs() > 2 * sigma).double().mean())
    seen = {
        "shape": tuple(first.shape),
        "cut": bool(first.abs().max() < 3.001 * sigma),
        "spread": round(20 * float(first.double().std()) / (0.9866 * sigma)),
        "beyond": round((far - 0.043) * 100),
        "mean": round(float(first.double().mean()) / sigma / 0.06),
        "alike": (torch.equal(first, second), torch.equal(first, again)),
    }
    return {"weights": found, "seen": seen}


def inventory(module: ModuleType, setting: Setting, wanted: Any = (), *, dtype: str = "") -> dict[str, Any]:
    """What a fresh layer holds: its state dict's shapes, its parameters, its buffers, tensors that are neither.

    `placed`: how many calls of torch were told the device that the layer was told. `strange`: whether tensors that were
    told none are kept as they are, or meet others. `seen`: the same without names and
    numbers that are a matter of style; `wanted`: the names that are not.
    """
    more: dict[str, Any] = {"device": HERE}
    with Strangers() as strangers, Placing() as placing:
        if setting.get("rope"):
            more["rope"] = find_function(module, "RotaryPositionalEmbedding")(*setting["rope"])
        if dtype:
            more["dtype"] = getattr(torch, dtype)
        layer = find_function(module, setting["name"])(*setting["init"], **more)
    kept = sorted(
        name for part in layer.modules() for name, held in vars(part).items() if isinstance(held, torch.Tensor)
    )
    state = {key: tuple(one.shape) for key, one in layer.state_dict().items()}
    parameters = {key: (str(one.dtype), one.requires_grad) for key, one in layer.named_parameters()}
    return {
        "state": state,
        "parameters": parameters,
        "kept": kept,
        "placed": placing.placed,
        "strange": strangers.mixed or any(strangers.knows(one) for one in layer.buffers()),
        "seen": {
            "state": {key: state[key] for key in wanted if key in state},
            "parameters": {key: parameters[key] for key in wanted if key in parameters},
            "more": (not set(state) <= set(wanted), not set(parameters) <= set(wanted), bool(kept)),
            "placed": placing.placed >= max(len(parameters), 1),
        },
        "vectors": [one.detach() for one in layer.parameters() if one.ndim == 1],
        "heads": getattr(layer, "num_heads", None),
        "rope": "rope" in more and getattr(layer, "rope", None) is more["rope"],
    }


def made_by_forward(module: ModuleType, setting: Setting, x: Any, positions: Any = None) -> dict[str, Any]:
    """The functions by which forward makes tensors without saying where; none where it moves as many afterwards."""
    layer = _built(module, setting, "float64")
    arguments = _arguments(_tensor(x, "float64"), positions)
    with Placing() as placing:
        layer(*arguments)
    return {"names": placing.unplaced, "any": bool(placing.unplaced)}


def twice(module: ModuleType, setting: Setting, x: Any, positions: Any = None) -> dict[str, Any]:
    """Run a layer twice: are the results the same bits, the inputs as they were, no random numbers drawn?"""
    layer = _built(module, setting, "float64")
    arguments = _arguments(_tensor(x, "float64"), positions)
    before, state = [one.clone() for one in arguments], torch.get_rng_state()
    first = layer(*arguments)
    with torch.no_grad():
        second = layer(*arguments)
    return {
        "same": torch.equal(first, second),
        "kept": all(torch.equal(one, other) for one, other in zip(before, arguments, strict=True)),
        "random": not torch.equal(state, torch.get_rng_state()),
    }


def copied(module: ModuleType, setting: Setting, x: Any, positions: Any = None) -> dict[str, Any]:
    """Deep-copy a layer after a run, and double the copy's weights; what do both say, before and after?"""
    layer = _built(module, setting, "float64")
    arguments = _arguments(_tensor(x, "float64"), positions)
    layer(*arguments)
    other = copy.deepcopy(layer)
    seen = {"copy": other(*arguments).detach()}
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(2.0)
    return seen | {"original": layer(*arguments).detach(), "doubled": other(*arguments).detach()}
