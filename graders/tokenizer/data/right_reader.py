"""1.8 read off lesson and stub: generators and a chunk at a time, windows row by row, orders from Python's random."""

import itertools
import os
import random
from pathlib import Path

import numpy as np
import torch

CHUNK = 4096


def ids_of(file, tok):
    if hasattr(tok, "encode_iterable"):
        yield from tok.encode_iterable(file)
    else:
        for line in file:
            yield from tok.encode(line)


def ids_of_all(paths, tok, eos_id):
    for path in paths:
        with Path(path).open(encoding="utf-8", newline="\n") as file:
            yield from ids_of(file, tok)
        if eos_id is not None:
            yield eos_id


def packed(chunk, dtype):
    limits = np.iinfo(dtype)
    for token in chunk:
        if token < limits.min or token > limits.max:
            raise OverflowError(f"the id {token} does not fit {dtype}, which ends at {limits.max}")
    return np.array(chunk, dtype=dtype).tobytes()


def tokenize_to_memmap(path, tok, out, dtype=np.uint16, eos_id=None):
    dtype = np.dtype(dtype)
    paths = [path] if isinstance(path, str | os.PathLike) else path
    stream = ids_of_all(paths, tok, eos_id)
    total = 0
    with Path(out).open("wb") as target:
        while chunk := list(itertools.islice(stream, CHUNK)):
            target.write(packed(chunk, dtype))
            total += len(chunk)
    return total


def split_train_val(n, frac, by_document=None):
    if n < 2:
        raise ValueError(f"{n} tokens cannot be two parts")
    if not 0 < frac < 1:
        raise ValueError(f"frac is {frac}, but a share lies between 0 and 1")
    n, goal = int(n), frac * n
    if by_document is None:
        cut = round(goal)
    else:
        ends = [int(end) for end in by_document]
        if any(end not in range(n) for end in ends):
            raise ValueError("an end of a document lies outside of the data")
        begins = [end + 1 for end in ends if end + 1 < n]
        if not begins:
            raise ValueError("no document begins inside of the data")
        cut = min(begins, key=lambda begin: (abs(begin - goal), begin))
    if cut in (0, n):
        raise ValueError("one of the parts would be empty")
    return (0, cut), (cut, n)


def sizes_checked(batch_size, context_length):
    for name, size in (("batch_size", batch_size), ("context_length", context_length)):
        if size < 1:
            raise ValueError(f"{name} is {size}, below 1")


def windows_at(dataset, starts, length, device):
    """(B, T) and (B, T), copied row by row."""
    x = np.empty((len(starts), length), dtype=np.int64)
    y = np.empty((len(starts), length), dtype=np.int64)
    for row, start in enumerate(starts):
        x[row] = dataset[start : start + length]
        y[row] = dataset[start + 1 : start + length + 1]
    return torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)


def get_batch(dataset, batch_size, context_length, device="cpu", generator=None):
    sizes_checked(batch_size, context_length)
    n_starts = len(dataset) - context_length
    if n_starts < 1:
        raise ValueError(f"{len(dataset)} tokens have no window of {context_length} with a target")
    starts = torch.randint(0, n_starts, (batch_size,), generator=generator)
    return windows_at(dataset, starts.tolist(), context_length, device)


class DataLoaderLite:
    def __init__(self, dataset, batch_size, context_length, device="cpu", shuffle=True, seed=0):
        sizes_checked(batch_size, context_length)
        self.dataset = dataset
        self.n_windows = (len(dataset) - 1) // context_length
        self.batches = self.n_windows // batch_size
        if self.batches < 1:
            raise ValueError("not enough windows for one batch")
        self.batch_size, self.context_length = batch_size, context_length
        self.device, self.shuffle = device, shuffle
        self.stand(seed, 0, 0)

    def stand(self, seed, epoch, used):
        self.seed, self.epoch, self.used = seed, epoch, used
        self.order = list(range(self.n_windows))
        if self.shuffle:
            random.Random(f"{seed} {epoch}").shuffle(self.order)

    def __len__(self):
        return self.batches

    def next_batch(self):
        if self.used == self.batches:
            self.stand(self.seed, self.epoch + 1, 0)
        first = self.used * self.batch_size
        self.used += 1
        starts = [k * self.context_length for k in self.order[first : first + self.batch_size]]
        return windows_at(self.dataset, starts, self.context_length, self.device)

    def shape(self):
        return [self.batch_size, self.context_length, bool(self.shuffle), len(self.dataset)]

    def state_dict(self):
        return {"stand": [self.seed, self.epoch, self.used], "shape": self.shape()}

    def load_state_dict(self, state):
        if list(state["shape"]) != self.shape():
            raise ValueError(f"a state of {state['shape']} for a loader of {self.shape()}")
        self.stand(*state["stand"])
