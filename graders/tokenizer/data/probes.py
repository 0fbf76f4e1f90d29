"""What the grader of 1.8 runs beside the learner's code: files, tokenizers, generators, loaders.

Two right versions draw different windows from the same seed. So what comes back about chance is what all of them share:
every pair of rows that ever came, whether two runs were equal, which starts are far too rare.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import locale
import pathlib
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import torch

from course.grading.probes import MissingName, find_function

OUT = "ids.bin"

# ---------------------------------------------------------------- tokenizers


class Letters:
    """One or two ids for each character, and nothing but `encode`; it notes what it is given."""

    def __init__(self, table: dict[str, list[int]]) -> None:
        self.table, self.given = table, []  # type: ignore[var-annotated]

    def encode(self, text: str) -> list[int]:
        self.given.append(text)
        return [i for character in text for i in self.table[character]]


class Doubles:
    """Two equal characters side by side are one token, wherever the pieces of a text are cut."""

    def __init__(self, table: dict[str, list[int]]) -> None:
        self.table, self.calls = table, 0

    def encode_iterable(self, pieces: Iterable[str]) -> Iterator[int]:
        waiting = ""
        for character in itertools.chain.from_iterable(pieces):
            if waiting == character:
                yield from self.table[waiting + character]
                waiting = ""
            else:
                yield from self.table.get(waiting, ())
                waiting = character
        yield from self.table.get(waiting, ())

    def encode(self, text: str) -> list[int]:
        self.calls += 1
        return list(self.encode_iterable([text]))


class Strides:
    """One id for every 8 bytes of a line: much text and few ids."""

    def encode(self, text: str) -> list[int]:
        return list(text.encode()[::8])


class StridesOfPieces(Strides):
    def encode_iterable(self, pieces: Iterable[str]) -> Iterator[int]:
        for piece in pieces:
            yield from self.encode(piece)


# ---------------------------------------------------------------- tokenize_to_memmap


def _files(documents: list[bytes]) -> list[str]:
    """The texts, as files; no ids of an earlier call lie beside them, or what comes would depend on that call."""
    with contextlib.suppress(OSError):  # nothing there, or still in use (Windows)
        pathlib.Path(OUT).unlink()
    names = [f"text{k}.txt" for k in range(len(documents))]
    for name, data in zip(names, documents, strict=True):
        pathlib.Path(name).write_bytes(data)
    return names


def _written(out: str = OUT) -> bytes:
    return pathlib.Path(out).read_bytes()


def letters(
    module: ModuleType, documents: list[bytes], table: dict[str, list[int]], dtype: str, *, alone: bool, **kw: Any
) -> Any:
    """Tokenize files with a tokenizer that has only `encode`; return what came back, and the file's bytes."""
    names = _files(documents)
    total = find_function(module, "tokenize_to_memmap")(
        names[0] if alone else names, Letters(table), OUT, dtype=np.dtype(dtype), **kw
    )
    return total, _written()


def refused(
    module: ModuleType, documents: list[bytes], table: dict[str, list[int]], dtype: str, **kw: Any
) -> str | list[int]:
    """Which of the errors that are right was raised, in one word for all of them; or the ids that were written."""
    try:
        letters(module, documents, table, dtype, alone=True, **kw)
    except (OverflowError, ValueError):
        return "refused"
    return np.frombuffer(_written(), dtype=dtype).tolist()  # type: ignore[no-any-return]


def lines_given(module: ModuleType, data: bytes, table: dict[str, list[int]]) -> list[str]:
    """Return what `encode` was given; where text was cut at a lone carriage return, it is put together again.

    A version that goes over the text twice, to count the ids first, is given all of it twice: once is returned.
    """
    tok, whole, left = Letters(table), [], len(data.decode())  # type: ignore[var-annotated]
    find_function(module, "tokenize_to_memmap")(_files([data])[0], tok, OUT)
    twice = "".join(tok.given).encode() == 2 * data
    for piece in filter(None, tok.given):
        if twice and left <= 0:
            break
        left -= len(piece)
        if whole and whole[-1].endswith("\r"):
            whole[-1] += piece
        else:
            whole.append(piece)
    return whole


def doubles(module: ModuleType, documents: list[bytes], table: dict[str, list[int]], **kw: Any) -> Any:
    """Tokenize files with a tokenizer that has encode_iterable; say too whether `encode` was called all the same."""
    tok, names = Doubles(table), _files(documents)
    total = find_function(module, "tokenize_to_memmap")(names if len(names) > 1 else names[0], tok, OUT, **kw)
    return total, _written(), tok.calls > 0


def default_dtype(module: ModuleType, data: bytes, table: dict[str, list[int]], dtypes: list[str]) -> list[Any]:
    """The bytes written without a dtype, and with one given as a class, by name and as np.dtype."""
    tokenize, tok, name = find_function(module, "tokenize_to_memmap"), Letters(table), _files([data])[0]
    tokenize(name, tok, OUT)
    written = [_written()]
    for dtype in dtypes:
        for form in (getattr(np, dtype), dtype, np.dtype(dtype)):
            tokenize(name, tok, OUT, dtype=form)
            written.append(_written())
    return written


def elsewhere(module: ModuleType, documents: list[bytes], table: dict[str, list[int]]) -> Any:
    """The same on a computer that would not open a file as UTF-8 (without effect in Python's UTF-8 mode)."""
    usual = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    try:
        return letters(module, documents, table, "uint16", alone=True)
    finally:
        locale.setlocale(locale.LC_CTYPE, usual)


def overwritten(module: ModuleType, first: bytes, then: bytes, table: dict[str, list[int]]) -> Any:
    """Write two texts to the same file, paths given as pathlib.Path; return the texts' bytes afterwards as well."""
    tokenize, tok = find_function(module, "tokenize_to_memmap"), Letters(table)
    paths = [pathlib.Path(name) for name in _files([first, then])]
    for path in paths:
        total = tokenize(path, tok, pathlib.Path(OUT))
    return total, _written(), [path.read_bytes() for path in paths]


def memory_grows(module: ModuleType, line: str, lines: int, limit: int, streaming: bool) -> list[bool]:
    """Whether four times the text takes more than `limit` bytes more at the peak, and more than eight times that."""
    tok = StridesOfPieces() if streaming else Strides()
    peaks = []
    for many in (lines, 4 * lines):
        name = _files([line.encode() * many])[0]
        peaks.append(_peak(lambda name=name: find_function(module, "tokenize_to_memmap")(name, tok, OUT)))
    return [peaks[1] - peaks[0] > limit, peaks[1] - peaks[0] > 8 * limit]


def _peak(work: Callable[[], object]) -> int:
    """The most bytes that Python and NumPy held at once while `work` ran."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def the_rest(module: ModuleType, data: Any, longer: Any) -> list[Any]:
    """A little of what every other function of the step does; of what is not written yet, nothing."""
    asked: list[Callable[[], Any]] = [
        lambda: find_function(module, "split_train_val")(100, 0.29),
        lambda: find_function(module, "split_train_val")(100, 0.5, [48, 50, 99]),
        lambda: all_pairs(module, data[:6], 3, 3, 40, 1),
        lambda: described(module, data, 2, 3, device="meta"),
        lambda: seeded(module, longer, 8, 2, 1),
        lambda: alone(module, np.array(data), 2, 3),
        lambda: in_order(module, data, 2, 2, 5),
        lambda: {**epochs(module, data, 3, 2, 1, 3), "an epoch": None},
        lambda: orders_compared(module, longer, 4, 2, 1),
        lambda: resumed(module, longer, (8, 2), 4, 3, shuffle=True, used=2),
    ]
    return [_or_nothing(ask) for ask in asked]


def _or_nothing(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (NotImplementedError, MissingName):
        return None
    except Exception as error:
        return type(error).__name__


# ---------------------------------------------------------------- get_batch


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _two(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise TypeError(f"a batch is {type(batch).__name__}, expected (x, y)")
    return batch[0], batch[1]


def _pairs(batch: Any) -> list[tuple[Any, Any]]:
    x, y = _two(batch)
    for name, tensor in (("x", x), ("y", y)):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name} is {type(tensor).__name__}, expected a tensor")
        if tensor.ndim != 2:
            raise TypeError(f"{name} has shape {tuple(tensor.shape)}, expected (batch_size, context_length)")
    return [(tuple(a), tuple(b)) for a, b in itertools.zip_longest(x.tolist(), y.tolist(), fillvalue=())]


def all_pairs(module: ModuleType, data: Any, batch_size: int, context_length: int, calls: int, seed: int) -> Any:
    """Every different (row of x, row of y) that comes in many calls with one generator, in order."""
    get_batch, generator = find_function(module, "get_batch"), _generator(seed)
    found: set[tuple[Any, Any]] = set()
    for _ in range(calls):
        found.update(_pairs(get_batch(data, batch_size, context_length, generator=generator)))
    return sorted(found)


def described(module: ModuleType, data: Any, batch_size: int, context_length: int, **kw: Any) -> Any:
    """Shape, dtype and device of x and y."""
    batch = find_function(module, "get_batch")(data, batch_size, context_length, **kw)
    return [_kind(tensor) for tensor in _two(batch)]


def _kind(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return type(value).__name__
    return tuple(value.shape), str(value.dtype).removeprefix("torch."), value.device.type


def impossible(module: ModuleType, data: Any, batch_size: int, context_length: int, device: str) -> Any:
    """ "refused", if a device that is not there raised one of torch's errors or a ValueError; else what came."""
    try:
        return described(module, data, batch_size, context_length, device=device)
    except (RuntimeError, AssertionError, ValueError) as error:
        if isinstance(error, NotImplementedError):
            raise
        return "refused"


def uneven_starts(module: ModuleType, data: Any, batch_size: int, context_length: int, calls: int, seed: int) -> Any:
    """Which starts come too rarely or too often by more than seven standard deviations; data has no value twice."""
    get_batch, generator = find_function(module, "get_batch"), _generator(seed)
    first = {int(value): start for start, value in enumerate(data)}
    counts: Counter[int] = Counter()
    for _ in range(calls):
        x, _y = _two(get_batch(data, batch_size, context_length, generator=generator))
        counts.update(first.get(value, -1) for value in x[:, 0].tolist())
    starts, rows = len(data) - context_length, calls * batch_size
    mean, sigma = rows / starts, (rows / starts * (1 - 1 / starts)) ** 0.5
    return {
        "rare": [start for start in range(starts) if counts[start] < mean - 7 * sigma],
        "frequent": [start for start in range(starts) if counts[start] > mean + 7 * sigma],
    }


def together(module: ModuleType, data: Any, batch_size: int, context_length: int, calls: int, seed: int) -> Any:
    """Which starts came together: in the first two rows of a batch, and in the last row and the next batch's first."""
    get_batch, generator = find_function(module, "get_batch"), _generator(seed)
    first = {int(value): start for start, value in enumerate(data)}
    rows, batches, last = set(), set(), None
    for _ in range(calls):
        x, _y = _two(get_batch(data, batch_size, context_length, generator=generator))
        starts = [first.get(value, -1) for value in x[:, 0].tolist()]
        rows.add(tuple(starts[:2]))
        if last is not None:
            batches.add((last, starts[0]))
        last = starts[-1]
    return {"rows": sorted(rows), "batches": sorted(batches)}


def seeded(module: ModuleType, data: Any, batch_size: int, context_length: int, seed: int) -> Any:
    """How runs compare: a generator of the same seed, of another seed, the next call; and which global states moved."""
    get_batch = find_function(module, "get_batch")

    def three(generator: torch.Generator) -> list[Any]:
        return [_pairs(get_batch(data, batch_size, context_length, generator=generator)) for _ in range(3)]

    states = _states()
    run = three(_generator(seed))
    moved = _moved(states)
    _stir()
    return {
        "same seed, same batches": three(_generator(seed)) == run,
        "another seed, other batches": three(_generator(seed + 1)) != run,
        "each call, another batch": run[0] != run[1] and run[1] != run[2],
        "moved": moved,
    }


def unseeded(module: ModuleType, data: Any, batch_size: int, context_length: int, seed: int) -> Any:
    """The same without a generator: torch.manual_seed decides."""
    get_batch = find_function(module, "get_batch")

    def two(seed: int) -> list[Any]:
        _stir()
        torch.manual_seed(seed)
        return [_pairs(get_batch(data, batch_size, context_length)) for _ in range(2)]

    run = two(seed)
    return {
        "same seed, same batches": two(seed) == run,
        "another seed, other batches": two(seed + 1) != run,
        "each call, another batch": run[0] != run[1],
    }


_STIRRED = itertools.count(1)


def _stir() -> None:
    """Move every global random state to where it has not been."""
    number = next(_STIRRED)
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def _states() -> dict[str, str]:
    return {
        "random": repr(random.getstate()),
        "np.random": repr(np.random.get_state()),
        "torch": repr(torch.random.get_rng_state().tolist()),
    }


def _moved(before: dict[str, str]) -> list[str]:
    return [name for name, state in _states().items() if state != before[name]]


def alone(module: ModuleType, data: Any, batch_size: int, context_length: int) -> list[str]:
    """Write into y, then into x; say what else changed."""
    kept = np.array(data)
    x, y = _two(find_function(module, "get_batch")(data, batch_size, context_length))
    changed = []
    for name, written, other_name, other in (("y", y, "x", x), ("x", x, "y", y)):
        before = other.clone()
        written.fill_(-100)
        if not torch.equal(other, before):
            changed.append(f"writing into {name} changed {other_name}")
        if not np.array_equal(data, kept):
            changed.append(f"writing into {name} changed the dataset")
            data[...] = kept
    return changed


def from_file(module: ModuleType, data: Any, batch_size: int, context_length: int, mode: str, calls: int) -> Any:
    """Batches from an np.memmap: every pair that came, whether the file is as before, and the peak of memory."""
    data.tofile(OUT)
    dataset = np.memmap(OUT, dtype=data.dtype, mode=mode)
    get_batch, generator, found = find_function(module, "get_batch"), _generator(1), set()
    for _ in range(calls):
        found.update(_pairs(get_batch(dataset, batch_size, context_length, generator=generator)))
    if mode != "r":
        dataset.flush()
    return sorted(found), _written() == data.tobytes()


def memory_of_batches(module: ModuleType, tokens: int, batch_size: int, context_length: int, limit: int) -> bool:
    """Whether a batch from a memory map of so many tokens takes more than `limit` bytes at the peak."""
    with pathlib.Path(OUT).open("wb") as file:
        file.truncate(2 * tokens)
    dataset = np.memmap(OUT, dtype=np.uint16, mode="r")
    get_batch = find_function(module, "get_batch")
    return _peak(lambda: get_batch(dataset, batch_size, context_length)) > limit


def endless(module: ModuleType, tokens: int, batch_size: int, context_length: int) -> Any:
    """A batch from a dataset that no memory holds: one token, seen everywhere."""
    dataset = np.broadcast_to(np.uint16(40_000), tokens)
    return _two(find_function(module, "get_batch")(dataset, batch_size, context_length))


# ---------------------------------------------------------------- DataLoaderLite


def _loader(module: ModuleType, *args: Any, **kw: Any) -> Any:
    return find_function(module, "DataLoaderLite")(*args, **kw)


def make(module: ModuleType, data: Any, batch_size: int, context_length: int, **kw: Any) -> int:
    """Make a loader; return its len()."""
    return len(_loader(module, data, batch_size, context_length, **kw))


def in_order(module: ModuleType, data: Any, batch_size: int, context_length: int, batches: int) -> Any:
    """The first batches of a loader that does not shuffle."""
    loader = _loader(module, data, batch_size, context_length, shuffle=False)
    return [list(_two(loader.next_batch())) for _ in range(batches)]


def _windows(data: Any, context_length: int) -> dict[Any, int]:
    """The number of each window, by its content and its target's."""
    count = (len(data) - 1) // context_length
    ids = [int(value) for value in data]
    starts = [k * context_length for k in range(count)]
    t = context_length
    return {(tuple(ids[s : s + t]), tuple(ids[s + 1 : s + 1 + t])): k for k, s in enumerate(starts)}


def _epoch(loader: Any, numbers: dict[Any, int]) -> list[int]:
    """The numbers of the windows of one epoch, in order; −1 for what is no window."""
    return [numbers.get(pair, -1) for _ in range(len(loader)) for pair in _pairs(loader.next_batch())]


def epochs(module: ModuleType, data: Any, batch_size: int, context_length: int, seed: int, count: int) -> Any:
    """What the windows of many shuffled epochs have in common; and an epoch for the eye, a wrong one if any is."""
    loader, numbers = _loader(module, data, batch_size, context_length, seed=seed), _windows(data, context_length)
    found = [_epoch(loader, numbers) for _ in range(count)]
    wrong = [epoch for epoch in found if _is_wrong(epoch)]
    return {"an epoch": sorted((wrong or found)[0]), **_in_common(found, list(numbers.values()))}


def _is_wrong(epoch: list[int]) -> bool:
    return -1 in epoch or len(set(epoch)) < len(epoch)


def _in_common(epochs: list[list[int]], windows: list[int]) -> dict[str, Any]:
    """What does not depend on what the order is made of; how often which windows come does, where some come twice."""
    seen: dict[str, Any] = {
        "rows that are no window": any(-1 in epoch for epoch in epochs),
        "a window twice in an epoch": any(len(set(epoch)) < len(epoch) for epoch in epochs),
        "windows in an epoch": sorted({len(epoch) for epoch in epochs}),
    }
    if not any(map(_is_wrong, epochs)):
        seen["in every epoch"] = sum(all(k in epoch for epoch in epochs) for k in windows)
        seen["in none"] = sum(all(k not in epoch for epoch in epochs) for k in windows)
    return seen


def orders(module: ModuleType, data: Any, batch_size: int, context_length: int, seed: int, count: int) -> Any:
    """The different orders of the windows in many epochs, those with a window twice left out, and their number."""
    loader, numbers = _loader(module, data, batch_size, context_length, seed=seed), _windows(data, context_length)
    found = {tuple(_epoch(loader, numbers)) for _ in range(count)}
    proper = sorted(order for order in found if len(set(order)) == len(order) and -1 not in order)
    return {"number": len(proper), "orders": proper}


def orders_compared(module: ModuleType, data: Any, batch_size: int, context_length: int, seed: int) -> Any:
    """How the orders of three epochs compare, and which global states moved."""
    numbers = _windows(data, context_length)

    def three(seed: int) -> list[Any]:
        loader = _loader(module, data, batch_size, context_length, seed=seed)
        return [_epoch(loader, numbers) for _ in range(3)]

    states = _states()
    run = three(seed)
    moved = _moved(states)
    _stir()
    return {
        "same seed, same order": three(seed) == run,
        "another seed, another order": three(seed + 7_919)[0] != run[0],
        "each epoch, another order": run[0] != run[1] and run[1] != run[2] and run[0] != run[2],
        "not the order of the dataset": run[0] != sorted(run[0]),
        "moved": moved,
    }


def defaults(module: ModuleType, data: Any, batch_size: int, context_length: int) -> Any:
    """How a loader that is told nothing compares with one that is told to shuffle with the seed 0, over two epochs."""
    numbers, found = _windows(data, context_length), []
    for options in ({}, {"shuffle": True, "seed": 0}):
        loader = _loader(module, data, batch_size, context_length, **options)
        found.append([_epoch(loader, numbers) for _ in range(2)])
    return {
        "without shuffle it shuffles": found[0][0] != sorted(found[0][0]),
        "without a seed it is 0": found[0] == found[1],
    }


def two_loaders(module: ModuleType, data: Any, batch_size: int, context_length: int, seed: int) -> bool:
    """Whether two loaders used in turn give what each gives alone, over two epochs and a batch."""
    loaders = [_loader(module, data, batch_size, context_length, seed=seed + k) for k in (0, 0, 1, 1)]
    steps = 2 * len(loaders[0]) + 1
    alone = [[_pairs(loader.next_batch()) for _ in range(steps)] for loader in loaders[::2]]
    turns = [[_pairs(loader.next_batch()) for loader in loaders[1::2]] for _ in range(steps)]
    return alone == [list(one) for one in zip(*turns, strict=True)]


def resumed(
    module: ModuleType, data: Any, sizes: tuple[int, int], before: int, after: int, *, shuffle: bool, used: int
) -> Any:
    """Stop after so many batches and go on in another loader, which had given `used` batches and has its own seed."""
    first = _loader(module, data, *sizes, shuffle=shuffle, seed=5)
    for _ in range(before):
        first.next_batch()
    text = json.dumps(first.state_dict())
    expected = [_pairs(first.next_batch()) for _ in range(after)]
    undisturbed = _loader(module, data, *sizes, shuffle=shuffle, seed=5)
    whole = [_pairs(undisturbed.next_batch()) for _ in range(before + after)]
    second = _loader(module, data, *sizes, shuffle=shuffle, seed=5 if used % 2 else 77)
    for _ in range(used):
        second.next_batch()
    second.load_state_dict(json.loads(text))
    got = [_pairs(second.next_batch()) for _ in range(after)]
    return {
        "undisturbed": whole[before:] == expected,
        "equal": [one == other for one, other in zip(got, expected, strict=True)],
        "short": len(text) < 1000,
    }


def rewound(module: ModuleType, data: Any, sizes: tuple[int, int], before: int, between: int, shuffle: bool) -> Any:
    """Take a state, go on, and load it back into the same loader, twice; say whether the state itself changed."""
    loader = _loader(module, data, *sizes, shuffle=shuffle, seed=3)
    for _ in range(before):
        loader.next_batch()
    state = loader.state_dict()
    kept = json.dumps(state)
    runs = []
    for _ in range(3):
        runs.append([_pairs(loader.next_batch()) for _ in range(between)])
        loader.load_state_dict(state)
    return {"again": [runs[1] == runs[0], runs[2] == runs[0]], "state unchanged": json.dumps(state) == kept}


def foreign_state(module: ModuleType, made: list[Any], given: list[Any], steps: int) -> Any:
    """Load the state of one loader into another; return what was raised, and whether the loader went on as before."""
    source, target, twin = (_loader(module, *args, seed=seed) for args, seed in ((made, 1), (given, 2), (given, 2)))
    for _ in range(steps):
        source.next_batch()
    target.next_batch()
    twin.next_batch()
    raised = ""
    try:
        target.load_state_dict(source.state_dict())
    except ValueError:
        raised = "ValueError"
    except (KeyError, IndexError, TypeError, AssertionError, RuntimeError) as error:
        if isinstance(error, NotImplementedError):
            raise
        raised = type(error).__name__
    steps = len(twin) + 1
    went_on = [_pairs(target.next_batch()) for _ in range(steps)] == [_pairs(twin.next_batch()) for _ in range(steps)]
    return raised, went_on


def loader_kinds(module: ModuleType, data: Any, batch_size: int, context_length: int, device: str) -> Any:
    """Shape, dtype and device of x and y."""
    loader = _loader(module, data, batch_size, context_length, device=device)
    return [_kind(tensor) for tensor in _two(loader.next_batch())]


def loader_alone(module: ModuleType, data: Any, batch_size: int, context_length: int, shuffle: bool) -> list[str]:
    """Write into x and y of a loader's batch; say what else changed, the next epoch's batch included."""
    kept = np.array(data)
    loader = _loader(module, data, batch_size, context_length, shuffle=shuffle)
    x, y = _two(loader.next_batch())
    before, changed = x.clone(), []
    y.fill_(-100)
    if not torch.equal(x, before):
        changed.append("writing into y changed x")
    x.fill_(-100)
    if not np.array_equal(data, kept):
        changed.append("writing into x or y changed the dataset")
        data[...] = kept
    return changed


def loader_memory(module: ModuleType, tokens: int, batch_size: int, context_length: int) -> Any:
    """A batch from a dataset that no memory holds, in few but long windows: so many tokens, all of them one."""
    dataset = np.broadcast_to(np.uint16(40_000), tokens)
    return [_kind(tensor) for tensor in _two(_loader(module, dataset, batch_size, context_length).next_batch())]
