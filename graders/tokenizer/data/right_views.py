"""Another right 1.8: arrays of the array module, sliding views, and a generator of batches instead of an index."""

import array
import base64
from pathlib import Path

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view


class Writer:
    """Takes ids one by one and writes them a few thousand at a time."""

    def __init__(self, file, dtype):
        self.file, self.dtype, self.kept, self.total = file, np.dtype(dtype), array.array("q"), 0

    def put(self, ids):
        for i in ids:
            self.kept.append(i)
            if len(self.kept) == 4000:
                self.flush()

    def flush(self):
        wide = np.frombuffer(self.kept, dtype=np.int64) if self.kept else np.zeros(0, dtype=np.int64)
        narrow = wide.astype(self.dtype)
        if not np.array_equal(narrow, wide):
            raise OverflowError(f"some id is no {self.dtype}")
        self.total += len(narrow)
        narrow.tofile(self.file)
        del wide
        self.kept = array.array("q")


def tokenize_to_memmap(path, tok, out, dtype=np.uint16, eos_id=None):
    with Path(out).open("wb") as file:
        writer = Writer(file, dtype)
        for one in path if isinstance(path, list) else [path]:
            with Path(one).open(encoding="utf-8", newline="") as text:
                if getattr(tok, "encode_iterable", None) is not None:
                    writer.put(tok.encode_iterable(iter(lambda text=text: text.read(4096), "")))
                else:
                    for line in text:
                        writer.put(tok.encode(line))
            writer.put([] if eos_id is None else [eos_id])
        writer.flush()
    assert Path(out).stat().st_size == writer.total * writer.dtype.itemsize
    return writer.total


def split_train_val(n, frac, by_document=None):
    if n < 2 or frac <= 0.0 or frac >= 1.0:
        raise ValueError("this cannot be split")
    best = None
    for end in [round(n * frac) - 1] if by_document is None else by_document:
        if by_document is not None and (end < 0 or end > n - 1):
            raise ValueError(f"there is no token {end}")
        if 0 <= end < n - 1 and (best is None or abs(end + 1 - n * frac) < abs(best - n * frac)):
            best = int(end) + 1
    if best is None:
        raise ValueError("nowhere to cut")
    return (0, best), (best, n)


def get_batch(dataset, batch_size, context_length, device="cpu", generator=None):
    if batch_size < 1 or context_length < 1 or len(dataset) < context_length + 1:
        raise ValueError("no batch can be cut out of this")
    views = sliding_window_view(dataset, context_length + 1)
    chosen = views[torch.randint(0, len(views), (batch_size,), generator=generator).numpy()]
    return tensors(chosen, device)


def tensors(windows, device):
    x = torch.tensor(windows[:, :-1].astype("int64"), device=device)
    y = torch.tensor(windows[:, 1:].astype("int64"), device=device)
    return x, y


class DataLoaderLite:
    def __init__(self, dataset, batch_size, context_length, device="cpu", shuffle=True, seed=0):
        if batch_size < 1 or context_length < 1:
            raise ValueError("there must be something in a batch")
        count = (len(dataset) - 1) // context_length
        if count < batch_size:
            raise ValueError("there is not enough for one batch")
        kind = [batch_size, context_length, len(dataset), int(shuffle)]
        self._dataset, self._device, self._count, self._kind, self._batches = dataset, device, count, kind, None
        self._at = {"seed": seed, "epoch": 0, "given": 0}

    def __len__(self):
        return self._count // self._kind[0]

    def _epoch(self):
        """The batches of the present epoch that have not been given yet."""
        B, T, _, shuffle = self._kind
        windows = np.arange(self._count) * T
        if shuffle:
            words = [self._at["seed"] & 0xFFFFFFFF, self._at["seed"] >> 32, self._at["epoch"]]
            np.random.Generator(np.random.PCG64(words)).shuffle(windows)
        for batch in windows[: len(self) * B].reshape(len(self), B)[self._at["given"] :]:
            yield tensors(np.stack([self._dataset[s : s + T + 1] for s in batch.tolist()]), self._device)

    def next_batch(self):
        if self._batches is None:
            self._batches = self._epoch()
        batch = next(self._batches, None)
        if batch is None:
            self._at["epoch"] += 1
            self._at["given"] = 0
            self._batches = None
            return self.next_batch()
        self._at["given"] += 1
        return batch

    def state_dict(self):
        where = ",".join(map(str, [*self._kind, *self._at.values()]))
        return {"where": base64.b64encode(where.encode()).decode()}

    def load_state_dict(self, state):
        numbers = [int(part) for part in base64.b64decode(state["where"]).decode().split(",")]
        if numbers[:4] != self._kind:
            raise ValueError("that was another loader")
        self._at = dict(zip(("seed", "epoch", "given"), numbers[4:], strict=True))
        self._batches = None
