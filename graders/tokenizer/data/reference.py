"""1.8 Data pipeline: ids go to a file as they come, and batches are cut out of the file where it lies."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

BUFFER = 1 << 12  # ids in memory at a time


def tokenize_to_memmap(
    path: str | os.PathLike[str] | list[str | os.PathLike[str]],
    tok: Any,
    out: str | os.PathLike[str],
    dtype: Any = np.uint16,
    eos_id: int | None = None,
) -> int:
    paths = path if isinstance(path, list) else [path]
    ids, total = _ids_of(paths, tok, eos_id), 0
    with Path(out).open("wb") as file:
        while buffer := list(islice(ids, BUFFER)):
            file.write(_packed(buffer, np.dtype(dtype)).tobytes())
            total += len(buffer)
    return total


def _ids_of(paths: Iterable[str | os.PathLike[str]], tok: Any, eos_id: int | None) -> Iterator[int]:
    """Yield the ids of every document, each followed by eos_id."""
    for path in paths:
        with Path(path).open(encoding="utf-8", newline="\n") as lines:
            if hasattr(tok, "encode_iterable"):
                yield from tok.encode_iterable(lines)
            else:
                for line in lines:
                    yield from tok.encode(line)
        if eos_id is not None:
            yield eos_id


def _packed(ids: list[int], dtype: np.dtype) -> np.ndarray:
    limits = np.iinfo(dtype)
    if min(ids) < limits.min or max(ids) > limits.max:
        raise OverflowError(f"ids from {min(ids)} to {max(ids)} do not fit {dtype}")
    return np.array(ids, dtype=dtype)


def split_train_val(
    n: int, frac: float, by_document: Sequence[int] | np.ndarray | None = None
) -> tuple[tuple[int, int], tuple[int, int]]:
    if n < 2 or not 0 < frac < 1:
        raise ValueError(f"cannot cut {n} tokens at a share of {frac}")
    if by_document is None:
        cut = round(frac * n)
    else:
        ends = [int(end) for end in by_document]
        if any(not 0 <= end < n for end in ends):
            raise ValueError(f"an eos lies outside of the {n} tokens")
        begins = [end + 1 for end in ends if end + 1 < n]
        cut = min(begins, key=lambda begin: abs(begin - frac * n), default=0)
    if not 0 < cut < n:
        raise ValueError("one of the two parts is empty")
    return (0, cut), (cut, n)


def get_batch(
    dataset: np.ndarray,
    batch_size: int,
    context_length: int,
    device: str | torch.device = "cpu",
    generator: torch.Generator | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    _check(batch_size, context_length)
    starts = len(dataset) - context_length  # 0 … n − T − 1: the last one's target ends with the dataset
    if starts < 1:
        raise ValueError(f"{len(dataset)} tokens have no room for a window of {context_length} and its target")
    drawn = torch.randint(0, starts, (batch_size,), generator=generator)
    return _cut_out(dataset, drawn.tolist(), context_length, device)


def _check(batch_size: int, context_length: int) -> None:
    if batch_size < 1 or context_length < 1:
        raise ValueError(f"no batch has {batch_size} rows of {context_length} tokens")


def _cut_out(
    dataset: np.ndarray, starts: Sequence[int], length: int, device: str | torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the windows that begin at the starts, and their targets: two tensors (B, T) that share nothing."""
    x = np.stack([dataset[s : s + length] for s in starts]).astype(np.int64)
    y = np.stack([dataset[s + 1 : s + 1 + length] for s in starts]).astype(np.int64)
    return torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)


class DataLoaderLite:
    def __init__(
        self,
        dataset: np.ndarray,
        batch_size: int,
        context_length: int,
        device: str | torch.device = "cpu",
        shuffle: bool = True,
        seed: int = 0,
    ) -> None:
        _check(batch_size, context_length)
        self.dataset, self.batch_size, self.context_length = dataset, batch_size, context_length
        self.device, self.shuffle = device, shuffle
        self.windows = (len(dataset) - 1) // context_length
        if len(self) < 1:
            raise ValueError(f"{len(dataset)} tokens do not fill a batch of {batch_size} × {context_length}")
        self.seed, self.epoch, self.batch = seed, 0, 0  # the next batch to return
        self.order = self._order()

    def __len__(self) -> int:
        return self.windows // self.batch_size

    def _order(self) -> np.ndarray:
        """The windows in the order of this epoch: (W,)."""
        if not self.shuffle:
            return np.arange(self.windows)
        return np.random.default_rng([self.seed, self.epoch]).permutation(self.windows)

    def next_batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        if self.batch == len(self):
            self.epoch, self.batch = self.epoch + 1, 0
            self.order = self._order()
        first = self.batch * self.batch_size
        chosen = self.order[first : first + self.batch_size]
        self.batch += 1
        return _cut_out(self.dataset, (chosen * self.context_length).tolist(), self.context_length, self.device)

    def _shape(self) -> dict[str, Any]:
        """What must be equal for a state to mean the same batches."""
        return {
            "batch_size": self.batch_size,
            "context_length": self.context_length,
            "tokens": len(self.dataset),
            "shuffle": self.shuffle,
        }

    def state_dict(self) -> dict[str, Any]:
        return {**self._shape(), "seed": self.seed, "epoch": self.epoch, "batch": self.batch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if any(state.get(name) != value for name, value in self._shape().items()):
            raise ValueError(f"a state of another loader: {state}")
        self.seed, self.epoch, self.batch = state["seed"], state["epoch"], state["batch"]
        self.order = self._order()
