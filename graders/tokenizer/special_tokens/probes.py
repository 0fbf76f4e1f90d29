"""What the grader of 1.6 runs beside the learner's code: tokenizers, streams and files, which cannot cross over.

Costs come back as yes or no: how much it is exactly is a matter of style.
"""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import json
import locale
import os
import pathlib
import shutil
import tracemalloc
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from course.grading.probes import find_function

ATTRIBUTES = ("vocab", "merges", "special_tokens", "pattern")
# A version that never ends should not fill the memory before its time is up.
ENOUGH = 20_000

# A tokenizer crosses as (entries above the bytes, merges, special tokens): the 256 bytes are always the same.
Model = tuple[dict[int, bytes], list[tuple[bytes, bytes]], list[str] | None]


def _parts(model: Model) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]], list[str] | None]:
    entries, merges, special_tokens = model
    return {byte: bytes([byte]) for byte in range(256)} | entries, merges, special_tokens


def _new(module: ModuleType, model: Model) -> Any:
    return find_function(module, "Tokenizer")(*_parts(model))


def _step(module: ModuleType, kind: str, tokenizer: Any, name: str, *args: Any) -> Any:
    if name not in ATTRIBUTES:
        find_function(module, f"{kind}.{name}")  # says that it is missing, if it is
        return getattr(tokenizer, name)(*args)
    found = getattr(tokenizer, name, None)
    if not isinstance(found, Mapping):
        return found
    kept = {key: value for key, value in found.items() if not args or key not in range(args[0])}
    if (kind, name) == ("RegexTokenizer", "vocab"):  # whether special tokens are in it is up to the author
        free = set(getattr(tokenizer, "special_tokens", {}).values())
        kept = {key: value for key, value in kept.items() if key not in free}
    return kept


def session(module: ModuleType, model: Model, *steps: tuple[Any, ...]) -> list[Any]:
    """Make a Tokenizer and do one thing after another with it; return what each gives.

    A step is a method and its arguments, such as ("encode", text), or an attribute; ("vocab", 256) leaves the ids below
    256 out.
    """
    tokenizer = _new(module, model)
    return [_step(module, "Tokenizer", tokenizer, *step) for step in steps]


def keeps(module: ModuleType, model: Model, text: str, more: dict[str, int], allowed: set[str]) -> tuple[Any, ...]:
    """What has become of everything given, after special tokens were registered and a text was encoded."""
    vocab, merges, special_tokens = _parts(model)
    tokenizer = find_function(module, "Tokenizer")(vocab, merges, special_tokens)
    _step(module, "Tokenizer", tokenizer, "register_special_tokens", more)
    _step(module, "Tokenizer", tokenizer, "encode", text, allowed)
    return {i: token for i, token in vocab.items() if i not in range(256)}, merges, special_tokens, more, allowed


# ---------------------------------------------------------------- streams


def _ids(module: ModuleType, tokenizer: Any, chunks: Any) -> Any:
    find_function(module, "Tokenizer.encode_iterable")
    return tokenizer.encode_iterable(chunks)


def stream(module: ModuleType, model: Model, more: dict[str, int], *texts: list[str]) -> list[list[int]]:
    """The ids of each text, given in chunks, with one tokenizer, after more special tokens were registered."""
    tokenizer = _new(module, model)
    if more:
        _step(module, "Tokenizer", tokenizer, "register_special_tokens", more)
    return [list(itertools.islice(_ids(module, tokenizer, iter(chunks)), ENOUGH)) for chunks in texts]


def stream_of(module: ModuleType, model: Model, text: str, kind: str) -> list[int]:
    """The ids of a text, given as another iterable: a str, a tuple, a generator, or an open file."""
    tokenizer = _new(module, model)
    if kind == "file":
        path = pathlib.Path("text.txt")
        path.write_bytes(text.encode())
        with path.open(encoding="utf-8", newline="") as file:
            return list(itertools.islice(_ids(module, tokenizer, file), ENOUGH))
    chunks = {"str": text, "tuple": tuple(text.split("b")), "generator": (char for char in text)}[kind]
    return list(itertools.islice(_ids(module, tokenizer, chunks), ENOUGH))


def begins(module: ModuleType, model: Model, chunks: list[str]) -> dict[str, Any]:
    """Whether what comes is an iterator, and how many chunks had been read before anything was asked for."""
    read = [0]
    found = _ids(module, _new(module, model), _counted(chunks, read, []))
    return {"iterator": hasattr(found, "__next__") and iter(found) is found, "read": read[0]}


def too_few(module: ModuleType, model: Model, chunks: list[str], least: list[int]) -> int | None:
    """After how many chunks the next one was read although fewer ids than `least` had been given; None if never."""
    read, given, seen = [0], [0], []
    for _ in itertools.islice(_ids(module, _new(module, model), _counted(chunks, read, seen, given)), ENOUGH):
        given[0] += 1
    late = (place for place, (count, wanted) in enumerate(zip(seen, least, strict=False)) if count < wanted)
    return next(late, None)


def _counted(chunks: list[str], read: list[int], seen: list[int], given: list[int] | None = None) -> Iterator[str]:
    """The chunks; `read` counts them, `seen` notes how many ids had been given when each was asked for."""
    for chunk in chunks:
        seen.append(given[0] if given else 0)
        read[0] += 1
        yield chunk
    seen.append(given[0] if given else 0)


def in_turn(module: ModuleType, model: Model, one: list[str], other: list[str], between: str) -> tuple[Any, ...]:
    """Two streams of one tokenizer, an id of each in turn, with a whole text encoded between; the ids of all three."""
    tokenizer = _new(module, model)
    streams = [iter(_ids(module, tokenizer, iter(chunks))) for chunks in (one, other)]
    found: list[list[int]] = [[], []]
    middle = None
    for _ in range(ENOUGH):
        new = [next(ids, None) for ids in streams]
        for mine, i in zip(found, new, strict=True):
            mine.extend([] if i is None else [i])
        middle = middle or _step(module, "Tokenizer", tokenizer, "encode", between)
        if new == [None, None]:
            break
    return *found, middle


def peaks_exceed(
    module: ModuleType, model: Model, chunk: str, size: int, ahead: int, most: int, growth: int
) -> dict[str, bool]:
    """Offer 5 MB in chunks, take the ids of so many characters and of four times as many, and look at the memory.

    "ahead": so many more characters were read before an id came. "peak": more than `most` bytes were held at once.
    "growth": at its end the second run held `growth` bytes more than the first.
    """
    tokenizer = _new(module, model)
    _step(module, "Tokenizer", tokenizer, "encode", chunk[:50])
    few, many = (_memory(module, tokenizer, chunk, wanted, ahead) for wanted in (size, 4 * size))
    if few is None or many is None:
        return {"ahead": True, "peak": False, "growth": False}
    return {"ahead": False, "peak": many[0] > most, "growth": many[1] - few[1] > growth}


def _memory(module: ModuleType, tokenizer: Any, chunk: str, wanted: int, ahead: int) -> tuple[int, int] | None:
    """The most bytes held at once until so many characters have been read and an id has come; and those held then.

    None if `ahead` characters more had been read by then: the stream ends there, and so does the waiting.
    """
    read = 0

    def chunks() -> Iterator[str]:
        nonlocal read
        while read < min(5_000_000, wanted + ahead):
            read += len(chunk)
            yield f"{chunk}{read % 10}"  # a new str each time

    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        held = base
        for _ in _ids(module, tokenizer, chunks()):
            if read > wanted:
                held = _held()  # while the iterator is still under way
                break
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return None if read >= wanted + ahead else (peak - base, held - base)


def _held() -> int:
    """The bytes held now. Tokens that know both their neighbours are only freed when Python looks for such rings."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def words_kept(module: ModuleType, model: Model, few: int, many: int, most: int) -> bool:
    """Whether more than `most` bytes are taken between the words number `few` and `many`, no two of which are alike."""
    tokenizer, read = _new(module, model), 0

    def chunks() -> Iterator[str]:
        nonlocal read
        for read in range(many + 10):
            yield "".join(chr(97 + read // 26**k % 26) for k in (0, 2, 1, 3)) + " "

    tracemalloc.start()
    try:
        base = None
        for _ in _ids(module, tokenizer, chunks()):
            if base is None and read >= few:
                base = _held()
            if read >= many:
                return base is not None and _held() - base > most
        return False
    finally:
        tracemalloc.stop()


# ---------------------------------------------------------------- files


@contextlib.contextmanager
def _folder(files: dict[str, bytes] | None = None) -> Iterator[pathlib.Path]:
    """A fresh folder with these files, and the current one meanwhile."""
    before = pathlib.Path.cwd()
    folder = next(path for path in (before / f"files{n}" for n in itertools.count()) if not path.exists())
    folder.mkdir()
    for name, data in (files or {}).items():
        (folder / name).write_bytes(data)
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(before)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """A computer that would not open a file as UTF-8 (without effect in Python's UTF-8 mode)."""
    usual = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    try:
        yield
    finally:
        locale.setlocale(locale.LC_CTYPE, usual)


def _path(prefix: str, how: str) -> Any:
    """The prefix as it is given: a str, a pathlib.Path, or a Path in a folder of its own."""
    if how == "folder":
        pathlib.Path("a.b").mkdir(exist_ok=True)
        return pathlib.Path("a.b") / prefix
    return pathlib.Path(prefix) if how == "path" else prefix


def _files(folder: pathlib.Path, lines: int = 0) -> dict[str, Any]:
    """What every file says, without what is up to its author; of one for people, whether it has so many lines."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found[path.name] = data.count(b"\n") + 1 >= lines if path.suffix == ".vocab" else _said(path.name, data)
    return found


def _said(name: str, data: bytes) -> Any:
    """A JSON file as what it holds, merges as their lines, any other file as its bytes; None if it cannot be read."""
    try:
        if name.endswith(".json"):
            return json.loads(data.decode("utf-8"))
        if name.endswith(".merges.txt"):
            lines = data.decode("utf-8").replace("\r\n", "\n").split("\n")
            return [line for line in lines[lines[0].startswith("#version") :] if line]
    except (ValueError, RecursionError):
        return None
    return data


def saved(module: ModuleType, model: Model, prefix: str, more: dict[str, int], how: str = "str") -> dict[str, Any]:
    """Register more special tokens, save a Tokenizer; return every file that is there."""
    tokenizer = _new(module, model)
    if more:
        _step(module, "Tokenizer", tokenizer, "register_special_tokens", more)
    with _folder() as folder:
        _step(module, "Tokenizer", tokenizer, "save", _path(prefix, how))
        return _files(folder)


def from_files(module: ModuleType, files: dict[str, bytes], special_tokens: list[str], *steps: tuple[Any, ...]) -> Any:
    """Make a Tokenizer from two files and special tokens, and do one thing after another with it."""
    with _folder(files):
        tokenizer = find_function(module, "Tokenizer.from_files")(*files, special_tokens)
    return [_step(module, "Tokenizer", tokenizer, *step) for step in steps]


def loaded(module: ModuleType, files: dict[str, bytes], prefix: str, *steps: tuple[Any, ...]) -> list[Any]:
    """Load a Tokenizer from files, and do one thing after another with it, when the files are gone."""
    with _folder(files):
        tokenizer = find_function(module, "Tokenizer.load")(prefix)
    return [_step(module, "Tokenizer", tokenizer, *step) for step in steps]


def restored(
    module: ModuleType, model: Model, prefix: str, more: dict[str, int], how: str, *steps: tuple[Any, ...]
) -> list[Any]:
    """Register, save, load, and do one thing after another with what was loaded."""
    tokenizer = _new(module, model)
    if more:
        _step(module, "Tokenizer", tokenizer, "register_special_tokens", more)
    with _folder():
        path = _path(prefix, how)
        _step(module, "Tokenizer", tokenizer, "save", path)
        again = find_function(module, "Tokenizer.load")(path)
    return [_step(module, "Tokenizer", again, *step) for step in steps]


def saved_elsewhere(module: ModuleType, model: Model, text: str) -> dict[str, Any]:
    """The files of a Tokenizer, and of a RegexTokenizer with a special token, written where UTF-8 is not the usual."""
    tokenizer, other = _new(module, model), find_function(module, "RegexTokenizer")()
    _step(module, "RegexTokenizer", other, "register_special_tokens", {text: 1000})
    with _folder() as folder, _elsewhere():
        _step(module, "Tokenizer", tokenizer, "save", "t")
        _step(module, "RegexTokenizer", other, "save", "r")
        return _files(folder)


def loaded_elsewhere(module: ModuleType, files: dict[str, bytes]) -> list[Any]:
    """The special tokens of a Tokenizer "t" and of a RegexTokenizer "r.model", read where UTF-8 is not the usual."""
    other = find_function(module, "RegexTokenizer")()
    with _folder(files), _elsewhere():
        tokenizer = find_function(module, "Tokenizer.load")("t")
        _step(module, "RegexTokenizer", other, "load", "r.model")
    return [
        _step(module, "Tokenizer", tokenizer, "special_tokens"),
        _step(module, "RegexTokenizer", other, "special_tokens"),
    ]


# ---------------------------------------------------------------- RegexTokenizer


def regex(module: ModuleType, *steps: tuple[Any, ...]) -> list[Any]:
    """Make a RegexTokenizer and do one thing after another with it; return what each gives, save train and register."""
    tokenizer = find_function(module, "RegexTokenizer")()
    given = [_step(module, "RegexTokenizer", tokenizer, *step) for step in steps]
    silent = ("train", "register_special_tokens")
    return [value for value, step in zip(given, steps, strict=True) if step[0] not in silent]


def regex_two(module: ModuleType, one: tuple[Any, ...], other: tuple[Any, ...], *steps: tuple[Any, ...]) -> list[Any]:
    """Let one RegexTokenizer take steps, then another, and ask a third, which took none."""
    three = [find_function(module, "RegexTokenizer")() for _ in range(3)]
    for tokenizer, taken in zip(three, (one, other), strict=False):
        for step in taken:
            _step(module, "RegexTokenizer", tokenizer, *step)
    return [[_step(module, "RegexTokenizer", tokenizer, *step) for step in steps] for tokenizer in three]


def regex_keeps(module: ModuleType, special_tokens: dict[str, int]) -> tuple[Any, Any]:
    """Register a dict, change it afterwards; the special tokens that are left, and the dict before the change."""
    tokenizer, given = find_function(module, "RegexTokenizer")(), dict(special_tokens)
    _step(module, "RegexTokenizer", tokenizer, "register_special_tokens", given)
    before = dict(given)
    given["<|late|>"] = 12_345
    return _step(module, "RegexTokenizer", tokenizer, "special_tokens"), before


def talk(module: ModuleType, text: str, vocab_size: int, *verbose: bool) -> dict[str, Any]:
    """Train; say whether anything was printed (what it says is a matter of style), and return the merges."""
    tokenizer, printed = find_function(module, "RegexTokenizer")(), io.StringIO()
    with contextlib.redirect_stdout(printed):
        _step(module, "RegexTokenizer", tokenizer, "train", text, vocab_size, *verbose)
    return {"printed": bool(printed.getvalue().strip()), "merges": _step(module, "RegexTokenizer", tokenizer, "merges")}


def regex_saved(module: ModuleType, prefix: str, how: str, *steps: tuple[Any, ...]) -> tuple[Any, dict[str, Any]]:
    """Let a RegexTokenizer take steps and save it; its merges in their order, and every file that is there."""
    tokenizer = find_function(module, "RegexTokenizer")()
    for step in steps:
        _step(module, "RegexTokenizer", tokenizer, *step)
    with _folder() as folder:
        _step(module, "RegexTokenizer", tokenizer, "save", _path(prefix, how))
        merges = list(_step(module, "RegexTokenizer", tokenizer, "merges").items())
        return merges, _files(folder, 256 + len(merges))


def regex_loaded(
    module: ModuleType, files: dict[str, bytes], name: str, before: list[tuple[Any, ...]], *steps: tuple[Any, ...]
) -> list[Any]:
    """Let a RegexTokenizer take steps, load a file into it, and do one thing after another with it."""
    tokenizer = find_function(module, "RegexTokenizer")()
    for step in before:
        _step(module, "RegexTokenizer", tokenizer, *step)
    with _folder(files):
        _step(module, "RegexTokenizer", tokenizer, "load", name)
    return [_step(module, "RegexTokenizer", tokenizer, *step) for step in steps]


def regex_restored(
    module: ModuleType, prefix: str, how: str, taken: list[tuple[Any, ...]], *steps: tuple[Any, ...]
) -> list[list[Any]]:
    """Let a RegexTokenizer take steps, save it, load it into another; what further steps give with each of them."""
    one, other = (find_function(module, "RegexTokenizer")() for _ in range(2))
    for step in taken:
        _step(module, "RegexTokenizer", one, *step)
    with _folder():
        path = _path(prefix, how)
        _step(module, "RegexTokenizer", one, "save", path)
        _step(
            module, "RegexTokenizer", other, "load", f"{path}.model" if how == "str" else pathlib.Path(f"{path}.model")
        )
    return [[_step(module, "RegexTokenizer", tokenizer, *step) for step in steps] for tokenizer in (one, other)]
