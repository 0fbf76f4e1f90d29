"""1.8 Data pipeline: text becomes a file of token ids, and the file, never read as a whole, becomes batches.

Write the functions in the order they stand here. torch is needed in `get_batch` and `DataLoaderLite` alone; whatever
`torch.utils.data` offers is not allowed. Helpers of your own are welcome.

A *window* is context_length tokens of the dataset, side by side. Its *target* is as long and begins one token later.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


def tokenize_to_memmap(
    path: str | os.PathLike[str] | list[str | os.PathLike[str]],
    tok: Any,
    out: str | os.PathLike[str],
    dtype: Any = np.uint16,
    eos_id: int | None = None,
) -> int:
    r"""Write the token ids of one or several text files to the file `out`, and return how many ids there are.

    path: a text file, or a list of them. Each file is one document; their ids follow each other in the order given.
        Files are UTF-8 and every character of them is text: "\r\n" stays "\r\n", and a byte order mark stays.
    tok: any object with `encode(text) -> list[int]`. If it also has `encode_iterable(pieces) -> iterator of int`, that
        one is used, on each file for itself, with the file's text in pieces of any size; `encode` is not called then.
        Without it, each line goes through `encode` alone, its line end included ("\n" ends a line; whether a lone "\r"
        does is up to you).
    out: is made, or overwritten. It holds the ids and nothing else, as the bytes of a 1-D array of `dtype`, so that
        `np.memmap(out, dtype=dtype, mode="r")` reads it. No ids: an empty file.
    dtype: any integer dtype, also by name. An id that it cannot hold raises OverflowError or ValueError; it is never
        wrapped round or cut.
    eos_id: if it is not None, this id is written behind every document, behind the last and an empty one too.

    Bytes that are not UTF-8 raise UnicodeDecodeError. After an error nobody looks at `out`.

    Memory: a line of text (or a piece of at most 2**14 characters) and at most 4,096 ids at a time, however long the
        files are.

    >>> class Bytes:
    ...     def encode(self, text):
    ...         return list(text.encode("utf-8"))
    >>> with open("one.txt", "wb") as file:
    ...     _ = file.write("hé\r\n".encode())
    >>> tokenize_to_memmap("one.txt", Bytes(), "ids.bin", eos_id=256)
    6
    >>> np.memmap("ids.bin", dtype=np.uint16, mode="r").tolist()
    [104, 195, 169, 13, 10, 256]
    """
    raise NotImplementedError("tokenize_to_memmap")


def split_train_val(
    n: int, frac: float, by_document: Sequence[int] | np.ndarray | None = None
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Cut a dataset of n tokens in two and return ((0, cut), (cut, n)): train is dataset[0:cut], val dataset[cut:n].

    n: number of tokens. frac: the share of the training part, 0 < frac < 1.
    by_document: None, or where the documents end: the index of every eos token, ascending, all different (a list or an
        array, such as `np.flatnonzero(dataset == eos_id)`). The eos belongs to the document that it ends.

    Without it, cut is frac * n, rounded to the nearest integer. With it, no document may lie in both parts: cut is the
    beginning of a document, namely the one nearest to frac * n (not rounded), and of two equally near the earlier one.
    Tokens behind the last eos are a last document without an end.

    Neither part may be empty: if rounding makes one so, or there is no beginning of a document between 0 and n to cut
    at, raise ValueError. So do n < 2, a frac that is not between 0 and 1, and an index that is not in 0 … n - 1.
    All four numbers are Python ints.

    >>> split_train_val(100, 0.9)
    ((0, 90), (90, 100))
    >>> split_train_val(100, 0.9, by_document=[9, 69, 93, 99])
    ((0, 94), (94, 100))
    """
    raise NotImplementedError("split_train_val")


def get_batch(
    dataset: np.ndarray,
    batch_size: int,
    context_length: int,
    device: str | torch.device = "cpu",
    generator: torch.Generator | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw a batch of windows at random and return (x, y): x the windows, y their targets.

    dataset: 1-D array of ids of any integer dtype, of length n; usually an `np.memmap`. It may be larger than memory:
        only the windows are read. It is never written to.
    Returns two int64 tensors of shape (batch_size, context_length) on `device`: if row b begins at start s, then
        x[b, t] = dataset[s + t] and y[b, t] = dataset[s + t + 1]. Both have memory of their own: writing into one
        changes neither the other nor the dataset.

    Every start for which window and target lie in the dataset, 0 … n - context_length - 1, is equally likely, and each
    row draws for itself: two rows may be equal.

    generator: a `torch.Generator` (on the CPU) that all chance comes from; then no global random state is touched. If
        it is None, chance comes from torch's global generator, the one `torch.manual_seed` sets.

    A dataset with no room for a window and its target (n <= context_length), a batch_size and a context_length below 1
    raise ValueError. A device that does not exist raises; torch's own error is fine.

    >>> ids = np.array([50, 7, 31, 7, 60000], dtype=np.uint16)
    >>> x, y = get_batch(ids, batch_size=2, context_length=4)
    >>> x
    tensor([[50,  7, 31,  7],
            [50,  7, 31,  7]])
    >>> y[0]
    tensor([    7,    31,     7, 60000])
    """
    raise NotImplementedError("get_batch")


class DataLoaderLite:
    """Goes through a dataset in epochs: each epoch takes every window once, and training can stop and go on anywhere.

    The dataset of n tokens is cut into W = (n - 1) // context_length windows side by side: window k begins at
    k * context_length. An epoch has W // batch_size batches of batch_size different windows; those left over are left
    out of this epoch. After the last batch the next epoch begins, without end.

    dataset, batch_size, context_length, device: as in get_batch.
    shuffle: False: every epoch takes the windows in the order of the dataset. True: each epoch takes them in a new
        random order, in which any window may come anywhere; which order is decided by `seed` and the number of the
        epoch alone. seed: an int, at least 0.

    Nothing here reads or changes a global random state. A batch_size or context_length below 1 raises ValueError, and
    so does a dataset without enough windows for one batch. Memory: a few integers for each window, never the dataset.

    >>> ids = np.array([5, 3, 9, 9, 1, 8, 2, 6, 4], dtype=np.uint16)
    >>> loader = DataLoaderLite(ids, batch_size=1, context_length=3, shuffle=False)
    >>> len(loader)
    2
    >>> loader.next_batch()
    (tensor([[5, 3, 9]]), tensor([[3, 9, 9]]))
    >>> state = loader.state_dict()
    >>> loader.next_batch()
    (tensor([[9, 1, 8]]), tensor([[1, 8, 2]]))
    >>> loader.load_state_dict(state)
    >>> loader.next_batch()
    (tensor([[9, 1, 8]]), tensor([[1, 8, 2]]))
    """

    def __init__(
        self,
        dataset: np.ndarray,
        batch_size: int,
        context_length: int,
        device: str | torch.device = "cpu",
        shuffle: bool = True,
        seed: int = 0,
    ) -> None:
        raise NotImplementedError("DataLoaderLite")

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        raise NotImplementedError("DataLoaderLite.__len__")

    def next_batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next (x, y), of the kind that get_batch returns."""
        raise NotImplementedError("DataLoaderLite.next_batch")

    def state_dict(self) -> dict[str, Any]:
        """Return where the loader stands, as a dict that `json.dumps` takes, of less than 1,000 characters.

        It is a copy: going on with the loader does not change it.
        """
        raise NotImplementedError("DataLoaderLite.state_dict")

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where the loader stood that gave this state, whatever this one has done and its own seed.

        A state of a loader with another batch_size, context_length, shuffle or length of dataset raises ValueError and
        leaves this one as it was. The dict may have been through JSON. It is not changed.
        """
        raise NotImplementedError("DataLoaderLite.load_state_dict")
