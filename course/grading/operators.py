"""Torch's operators, refused below every way that Python has to call them.

`x.softmax()`, `torch.ops.aten.softmax`, a compiled text and a layer of torch's all end in the same kernel: that is
what is replaced here.
"""

from __future__ import annotations

import fnmatch
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any

_PREFIX = "torch.ops.aten."
# Libraries of replaced kernels: they hold as long as these objects live.
_kept: list[Any] = []


def ban(names: Iterable[str], stand_in: Callable[[str], Callable[..., Any]]) -> None:
    """Replace the kernels of `torch.ops.aten.…` (`*` matches) by what `stand_in` makes for their names."""
    patterns = [name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX)]
    torch = sys.modules.get("torch")
    if torch is None or not patterns:
        return
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a kernel is replaced
        for full in torch._C._dispatch_get_all_op_names():
            name = full.removeprefix("aten::")
            if name != full and any(fnmatch.fnmatchcase(name.partition(".")[0], one) for one in patterns):
                library.impl(name, stand_in(_PREFIX + name.partition(".")[0]), _key(torch, full))
    _kept.append(library)


def _key(torch: Any, name: str) -> str:
    """Where the operator's own kernel lies: for this processor, or written in terms of other operators."""
    composite = torch._C._dispatch_has_kernel_for_dispatch_key(name, "CompositeImplicitAutograd")
    return "CompositeImplicitAutograd" if composite else "CPU"
