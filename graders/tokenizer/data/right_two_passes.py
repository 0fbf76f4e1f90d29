"""Another right 1.8: the ids are counted first and then put into a memory map; batches are made by torch's indexing."""

from pathlib import Path

import numpy as np
import torch


def documents(path, tok):
    """One iterator of ids for each file."""
    for name in path if isinstance(path, list) else [path]:
        with Path(name).open("rb") as file:
            lines = (line.decode("utf-8") for line in file)
            if hasattr(tok, "encode_iterable"):
                yield tok.encode_iterable(lines)
            else:
                yield (i for line in lines for i in tok.encode(line))


def tokenize_to_memmap(path, tok, out, dtype=np.uint16, eos_id=None):
    dtype = np.dtype(dtype)
    lowest, highest = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    total = 0
    for ids in documents(path, tok):
        for i in ids:
            if not lowest <= i <= highest:
                raise ValueError(f"{i} is no {dtype}")
            total += 1
        total += eos_id is not None
    if eos_id is not None and not lowest <= eos_id <= highest:
        raise ValueError(f"{eos_id} is no {dtype}")
    if total == 0:
        Path(out).write_bytes(b"")
        return 0
    target = np.memmap(out, dtype=dtype, mode="w+", shape=(total,))
    place = 0
    for ids in documents(path, tok):
        for i in ids:
            target[place] = i
            place += 1
        if eos_id is not None:
            target[place] = eos_id
            place += 1
    target.flush()
    return place


def split_train_val(n, frac, by_document=None):
    if n < 2:
        raise ValueError("nothing to split")
    if frac <= 0 or frac >= 1:
        raise ValueError("frac is a share")
    wanted = frac * n
    if by_document is None:
        candidates = [int(np.rint(wanted))]
    else:
        ends = np.asarray(by_document, dtype=np.int64)
        if ends.size and (ends.min() < 0 or ends.max() >= n):
            raise ValueError("no such token")
        candidates = sorted((ends + 1).tolist(), key=lambda cut: (abs(cut - wanted), cut))
    candidates = [cut for cut in candidates if 1 <= cut <= n - 1]
    if not candidates:
        raise ValueError("a part would be empty")
    return (0, candidates[0]), (candidates[0], n)


def get_batch(dataset, batch_size, context_length, device="cpu", generator=None):
    if min(batch_size, context_length) <= 0:
        raise ValueError("an empty batch")
    room = dataset.shape[0] - context_length
    if room <= 0:
        raise ValueError("the dataset is too short")
    x = torch.empty((batch_size, context_length), dtype=torch.int64)
    y = torch.empty_like(x)
    for row in range(batch_size):
        start = int(torch.randint(room, (), generator=generator))
        both = torch.tensor(dataset[start : start + context_length + 1].tolist())
        x[row], y[row] = both[:-1], both[1:]
    return x.to(device), y.to(device)


class DataLoaderLite:
    def __init__(self, dataset, batch_size, context_length, device="cpu", shuffle=True, seed=0):
        if batch_size <= 0 or context_length <= 0:
            raise ValueError("an empty batch")
        self.data, self.B, self.T, self.device, self.shuffle = dataset, batch_size, context_length, device, shuffle
        self.windows = max(len(dataset) - 1, 0) // context_length
        if self.windows < batch_size:
            raise ValueError("the dataset is too short")
        self.seed, self.step = seed, 0  # how many batches have been given

    def __len__(self):
        return self.windows // self.B

    def order(self, epoch):
        if not self.shuffle:
            return torch.arange(self.windows)
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % 2**63)
        return torch.randperm(self.windows, generator=generator)

    def next_batch(self):
        epoch, batch = divmod(self.step, len(self))
        self.step += 1
        rows = self.order(epoch)[batch * self.B : (batch + 1) * self.B, None] * self.T
        places = (rows + torch.arange(self.T + 1)).numpy()  # (B, T + 1)
        both = torch.from_numpy(np.asarray(self.data[places], dtype=np.int64))
        return both[:, :-1].clone().to(self.device), both[:, 1:].clone().to(self.device)

    def state_dict(self):
        return {"made for": [self.B, self.T, len(self.data), bool(self.shuffle)], "seed": self.seed, "step": self.step}

    def load_state_dict(self, state):
        if list(state["made for"]) != self.state_dict()["made for"]:
            raise ValueError("this state is of another loader")
        self.seed, self.step = state["seed"], state["step"]
