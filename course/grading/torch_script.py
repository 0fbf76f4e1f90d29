"""What a probe does with torch, as Python that a learner can run: `course replay` writes it down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.grading.show import show_value

Array = NDArray[Any]


def tensor(array: Array, dtype: str = "", *, strided: bool = False) -> str:
    """The tensor that a probe makes of an array; `dtype` is for floating-point numbers alone."""
    array = np.asarray(array, order="F") if strided else np.asarray(array)
    cast = f".to(torch.{dtype})" if array.dtype.kind == "f" and dtype not in ("", array.dtype.name) else ""
    return f"torch.from_numpy({show_value(array, most=None)}){cast}"


def leaf(name: str, array: Array, dtype: str = "", *, strided: bool = False) -> str:
    """A tensor by a name, of which gradients will be asked; ids have none."""
    needs = ".requires_grad_()" if np.asarray(array).dtype.kind == "f" else ""
    return f"{name} = {tensor(array, dtype, strided=strided)}{needs}"


def loaded(state: Mapping[str, Array], dtype: str = "") -> str:
    """The module `m` is given these weights, as they are."""
    weights = ", ".join(f"{key!r}: {tensor(one, dtype)}" for key, one in state.items())
    return f"m.load_state_dict({{{weights}}}, assign=True)"


def run(call: str, upstream: Array | None = None, leaves: str = "", dtype: str = "") -> list[str]:
    """A call whose y is printed and, with `upstream`, the gradients of `leaves`, a dict by name; None: y is cut off."""
    lines = [f"y = {call}", "print(y.tolist())"]
    if upstream is None:
        return lines
    grads = f"{{name: one.grad if one.grad is None else one.grad.tolist() for name, one in {leaves}.items()}}"
    return [*lines, "if y.requires_grad:", f"    y.backward({tensor(upstream, dtype)})", f"print({grads})"]
