"""What may cross between judge and learner: plain data, as bytes. Never pickle, in either direction.

A value is one tag byte and its content. The decoder trusts nothing: sizes are checked against what is left before
anything is allocated, depth and number of items are limited, and whatever does not fit raises `WireError`.

Plain: None, bool, int, float, complex, str, bytes, list, tuple, set, dict, NumPy arrays and scalars, torch tensors (as
`Tensor`), named tuples and dataclasses (as `Record`). Anything else arrives as an `Opaque` that knows only its type's
name.
"""

from __future__ import annotations

import dataclasses
import math
import re
import struct
import sys
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

if TYPE_CHECKING:
    import numpy as np

MAX_FRAME = 256 << 20
MAX_DEPTH = 64
# Of all containers together. An empty set takes 5 bytes here and 220 as an object; a block of numbers is one item.
MAX_ITEMS = 1 << 20

# A text takes up to four times, a block of whole numbers five times as many bytes here as on its way.
MAX_TEXT = MAX_FRAME >> 2
MAX_INTEGERS = 4 << 20
# So many keys of a dict, or members of a set, may have the same hash: each is compared with all of them.
MAX_COLLISIONS = 64

_SIZE = struct.Struct("<I")
_LONG = struct.Struct("<q")
_DOUBLE = struct.Struct("<d")
_DTYPE = re.compile(r"[<>|=]?[biufc](1|2|4|8|16)")
_INT64_MAX = (1 << 63) - 1


class WireError(Exception):
    """The bytes are not a value, or the value is too large to send."""


@dataclasses.dataclass(frozen=True, slots=True)
class Opaque:
    """A value that is not plain data: all that crosses is the name of its type."""

    type_name: str

    def __repr__(self) -> str:
        return f"<an object of type {self.type_name}>"


class Record:
    """A named tuple or dataclass of the learner's, as read-only fields."""

    def __init__(self, type_name: str, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields, _type_name=type_name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a record that crossed the boundary is read-only")

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items() if name != "_type_name")
        return f"{self.__dict__['_type_name']}({fields})"


@dataclasses.dataclass(frozen=True, slots=True)
class Tensor:
    """A torch tensor as the judge sees it: NumPy data (bfloat16 widened to float32), dtype name, requires_grad."""

    data: np.ndarray[Any, Any]
    dtype: str = ""
    requires_grad: bool = False


# ---------------------------------------------------------------- encoding


class _Out(bytearray):
    """The bytes so far, and how many items they hold."""

    items = integers = 0

    def more(self, items: int) -> None:
        self.items += items
        if self.items > MAX_ITEMS:
            raise WireError(_TOO_MANY)


_TOO_MANY = f"more than {MAX_ITEMS:,} items in lists, tuples, sets and dicts"


def encode(value: object) -> bytes:
    """Turn a value into bytes; raise `WireError` when it is deeper or larger than the limits."""
    out = _Out()
    try:
        _put(out, value, MAX_DEPTH)
    except RecursionError as error:
        raise WireError("nested too deeply") from error
    if len(out) > MAX_FRAME:
        raise WireError(f"{len(out) >> 20} MiB is more than may cross at once")
    return bytes(out)


def _put(out: _Out, value: object, depth: int) -> None:
    if depth < 0:
        raise WireError(f"nested deeper than {MAX_DEPTH} levels")
    if len(out) > MAX_FRAME:
        raise WireError("more than may cross at once")
    put = _EXACT.get(type(value))
    if put is not None:
        put(out, value, depth)
    else:
        _put_other(out, value, depth)


def _put_int(out: _Out, value: int, _depth: int) -> None:
    if -_INT64_MAX <= value <= _INT64_MAX:
        out += b"i" + _LONG.pack(value)
    else:
        data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        out += b"I" + _SIZE.pack(len(data)) + data


def _put_text(out: _Out, value: str, _depth: int) -> None:
    data = value.encode("utf-8", "surrogatepass")
    if len(data) > MAX_TEXT:
        raise WireError(f"a text of {len(data) >> 20} MiB is more than may cross at once")
    out += b"s" + _SIZE.pack(len(data)) + data


def _put_bytes(out: _Out, value: bytes, _depth: int) -> None:
    out += b"b" + _SIZE.pack(len(value)) + value


def _put_list(out: _Out, value: list[Any], depth: int) -> None:
    # Token ids come in long lists of small ints: those cross as one block.
    if len(value) > 8 and all(type(item) is int and -_INT64_MAX <= item <= _INT64_MAX for item in value):
        out.integers += len(value)
        if out.integers > MAX_INTEGERS:
            raise WireError(f"more than {MAX_INTEGERS:,} whole numbers in lists")
        block = array("q", value)
        if sys.byteorder == "big":
            block.byteswap()
        out += b"L" + _SIZE.pack(len(value)) + block.tobytes()
        return
    _put_items(out, b"l", value, depth)


def _put_items(out: _Out, tag: bytes, items: Any, depth: int) -> None:
    out.more(len(items))
    out += tag + _SIZE.pack(len(items))
    for item in items:
        _put(out, item, depth - 1)


def _put_dict(out: _Out, value: dict[Any, Any], depth: int) -> None:
    out.more(2 * len(value))
    out += b"d" + _SIZE.pack(len(value))
    for key, item in list(value.items()):
        _put(out, key, depth - 1)
        _put(out, item, depth - 1)


def _put_complex(out: _Out, value: complex, _depth: int) -> None:
    out += b"c" + _DOUBLE.pack(value.real) + _DOUBLE.pack(value.imag)


def _put_record(out: _Out, name: str, fields: dict[str, Any], depth: int) -> None:
    out += b"R"
    _put_text(out, name, depth)
    _put_dict(out, fields, depth)


_EXACT: dict[type, Callable[[_Out, Any, int], None]] = {
    type(None): lambda out, value, depth: out.extend(b"N"),
    bool: lambda out, value, depth: out.extend(b"T" if value else b"F"),
    int: _put_int,
    float: lambda out, value, depth: out.extend(b"f" + _DOUBLE.pack(value)),
    complex: _put_complex,
    str: _put_text,
    bytes: _put_bytes,
    bytearray: _put_bytes,
    list: _put_list,
    tuple: lambda out, value, depth: _put_items(out, b"t", value, depth),
    set: lambda out, value, depth: _put_items(out, b"S", value, depth),
    frozenset: lambda out, value, depth: _put_items(out, b"S", value, depth),
    dict: _put_dict,
}


_EXTENDED: tuple[type[Any], ...] = (int, float, str, bytes, tuple, list, dict, set)


def _put_other(out: _Out, value: object, depth: int) -> None:
    kind = type(value)
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        _put_array(out, value, depth)
    elif kind is Opaque or kind is Record:
        _put_again(out, value, depth)
    elif isinstance(value, Tensor):
        _put_tensor(out, value.data, value.dtype or value.data.dtype.name, value.requires_grad, depth)
    elif torch is not None and isinstance(value, torch.Tensor):
        data, dtype = _from_torch(value)
        _put_tensor(out, data, dtype, bool(value.requires_grad), depth)
    elif isinstance(value, tuple) and hasattr(kind, "_fields"):
        _put_record(out, kind.__name__, dict(zip(kind._fields, value, strict=False)), depth)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        _put_record(out, kind.__name__, {name: getattr(value, name, None) for name in names}, depth)
    elif plain := next((base for base in _EXTENDED if isinstance(value, base)), None):
        _put(out, plain(value), depth)  # a subclass crosses as what it extends
    else:
        out += b"o"
        _put_text(out, f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")[:200], depth)


def _put_again(out: _Out, value: Any, depth: int) -> None:
    """What crossed once crosses again as what it was: the judge sends recorded replies to a replay."""
    if isinstance(value, Opaque):
        out += b"o"
        _put_text(out, value.type_name, depth)
        return
    fields = dict(vars(value))
    _put_record(out, fields.pop("_type_name"), fields, depth)


def _put_array(out: _Out, value: Any, depth: int) -> None:
    import numpy as np  # noqa: PLC0415 - the boundary of a pure-Python step never pays for NumPy

    scalar = not isinstance(value, np.ndarray)
    data = np.asarray(value)
    if not _DTYPE.fullmatch(data.dtype.str):
        out += b"o"
        _put_text(out, f"numpy.ndarray of dtype {data.dtype}"[:200], depth)
        return
    if data.nbytes + len(out) > MAX_FRAME:
        raise WireError(f"an array of {data.nbytes >> 20} MiB is more than may cross at once")
    _put_text(out := _tag(out, b"g" if scalar else b"a"), data.dtype.str, depth)
    out += _layout(data)
    _put_shape(out, data.shape)
    _put_bytes(out, np.ndarray.tobytes(data), depth)


def _tag(out: _Out, tag: bytes) -> _Out:
    out += tag
    return out


def _layout(data: Any) -> bytes:
    """How the array lies in memory: an input that is not contiguous arrives not contiguous."""
    if data.flags.c_contiguous:
        return b"C"
    return b"F" if data.flags.f_contiguous else b"G"


def _put_shape(out: _Out, shape: tuple[int, ...]) -> None:
    out += bytes([len(shape)])
    for side in shape:
        out += _LONG.pack(side)


def _put_tensor(out: _Out, data: Any, dtype: str, requires_grad: bool, depth: int) -> None:
    import numpy as np  # noqa: PLC0415

    out += b"X" + (b"1" if requires_grad else b"0")
    _put_text(out, dtype, depth)
    _put_array(out, np.asarray(data), depth)


def _from_torch(value: Any) -> tuple[Any, str]:
    import torch  # noqa: PLC0415

    dtype = str(value.dtype).removeprefix("torch.")
    plain = value.detach().cpu().resolve_conj().resolve_neg()
    if plain.dtype in (torch.bfloat16, torch.float16):
        plain = plain.float()
    return plain.numpy(), dtype


# ---------------------------------------------------------------- decoding


def decode(data: bytes, *, tensors: bool = False) -> Any:
    """Turn bytes back into a value. With `tensors`, a `Tensor` becomes a torch tensor (the learner's side)."""
    reader = _Reader(data, tensors)
    try:
        value = reader.value(MAX_DEPTH)
    except WireError:
        raise
    except (ValueError, TypeError, OverflowError, RuntimeError, struct.error, MemoryError) as error:
        raise WireError(f"not a value: {type(error).__name__}") from error
    if reader.place != len(data):
        raise WireError("bytes are left over")
    return value


class _Reader:
    def __init__(self, data: bytes, tensors: bool) -> None:
        self.data = memoryview(data)
        self.place = 0
        self.tensors = tensors
        self.items_left = MAX_ITEMS
        self.integers_left = MAX_INTEGERS

    def take(self, size: int) -> memoryview:
        end = self.place + size
        if size < 0 or end > len(self.data):
            raise WireError("cut short")
        block = self.data[self.place : end]
        self.place = end
        return block

    def count(self, unit: int = 1) -> int:
        """Read how many items follow; each takes at least `unit` bytes, so more than are left is a lie."""
        number: int = _SIZE.unpack(self.take(4))[0]
        if number * unit > len(self.data) - self.place:
            raise WireError("more items are announced than there are bytes")
        return number

    def block(self) -> memoryview:
        return self.take(self.count())

    def text(self) -> str:
        if bytes(self.take(1)) != b"s":
            raise WireError("text was expected")
        return self.characters()

    def characters(self) -> str:
        block = self.block()
        if len(block) > MAX_TEXT:
            raise WireError(f"a text of {len(block) >> 20} MiB is more than may cross at once")
        return str(block, "utf-8", "surrogatepass")

    def several(self, values_each: int) -> range:
        """Read how many items of a container follow, and take them off what one frame may hold."""
        number = self.count(values_each)
        self.items_left -= number * values_each
        if self.items_left < 0:
            raise WireError(_TOO_MANY)
        return range(number)

    def items(self, depth: int) -> list[Any]:
        return [self.value(depth - 1) for _ in self.several(1)]

    def value(self, depth: int) -> Any:
        if depth < 0:
            raise WireError("nested too deeply")
        tag = bytes(self.take(1))
        read = _READ.get(tag)
        if read is None:
            raise WireError(f"unknown tag {tag!r}")
        return read(self, depth)

    def pairs(self, depth: int) -> dict[Any, Any]:
        both = [(self.value(depth - 1), self.value(depth - 1)) for _ in self.several(2)]
        _spread([key for key, _ in both])
        return dict(both)

    def members(self, depth: int) -> set[Any]:
        found = self.items(depth)
        _spread(found)
        return set(found)

    def shape(self) -> tuple[int, ...]:
        sides = tuple(_LONG.unpack(self.take(8))[0] for _ in range(self.take(1)[0]))
        if any(side < 0 for side in sides):
            raise WireError("a negative side")
        if math.prod(max(side, 1) for side in sides) > MAX_FRAME:
            # Also where another side is 0: a sum over that one would be as large as the rest.
            raise WireError("an array with more places than may cross")
        return sides

    def array(self) -> Any:
        import numpy as np  # noqa: PLC0415

        code = self.text()
        if not _DTYPE.fullmatch(code):
            raise WireError(f"dtype {code!r}")
        layout, shape = bytes(self.take(1)), self.shape()
        if bytes(self.take(1)) != b"b":
            raise WireError("array data was expected")
        block, dtype = self.block(), np.dtype(code)
        if math.prod(shape) * dtype.itemsize != len(block):
            raise WireError("shape and size disagree")
        # bytearray: the array must be writable, or a learner's in-place mistake would crash instead of showing.
        return _laid_out(np.frombuffer(bytearray(block), dtype=dtype).reshape(shape), layout)

    def scalar(self) -> Any:
        data = self.array()
        if data.shape != ():
            raise WireError("a scalar has no sides")
        return data[()]

    def tensor(self) -> Any:
        requires_grad, dtype = bytes(self.take(1)) == b"1", self.text()
        if bytes(self.take(1)) != b"a":
            raise WireError("tensor data was expected")
        data = self.array()
        return _to_torch(data, dtype, requires_grad) if self.tensors else Tensor(data, dtype, requires_grad)

    def record(self, depth: int) -> Record:
        name = self.text()
        if bytes(self.take(1)) != b"d":
            raise WireError("fields were expected")
        fields = self.pairs(depth)
        if not all(isinstance(key, str) for key in fields):
            raise WireError("field names are text")
        return Record(name, fields)

    def integers(self) -> list[int]:
        number = self.count(8)
        self.integers_left -= number
        if self.integers_left < 0:
            raise WireError(f"more than {MAX_INTEGERS:,} whole numbers in lists")
        block = array("q")
        block.frombytes(self.take(8 * number))
        if sys.byteorder == "big":
            block.byteswap()
        return block.tolist()


def _spread(keys: list[Any]) -> None:
    """Refuse keys of which many have one hash: building the table would take for ever."""
    if len(keys) > MAX_COLLISIONS and len(keys) - len(set(map(hash, keys))) > MAX_COLLISIONS:
        raise WireError("keys that collide")


def _laid_out(data: Any, layout: bytes) -> Any:
    import numpy as np  # noqa: PLC0415

    if layout == b"F":
        return np.asfortranarray(data)
    if layout == b"G" and data.ndim:
        wide = np.zeros((*data.shape[:-1], 2 * data.shape[-1]), dtype=data.dtype)
        wide[..., ::2] = data
        return wide[..., ::2]
    return data


def _to_torch(data: Any, dtype: str, requires_grad: bool) -> Any:
    import torch  # noqa: PLC0415

    kind = getattr(torch, dtype, None)
    if not isinstance(kind, torch.dtype):
        raise WireError(f"torch has no dtype {dtype!r}")
    tensor = torch.from_numpy(data).to(kind)
    return tensor.requires_grad_() if requires_grad else tensor


_READ: dict[bytes, Callable[[_Reader, int], Any]] = {
    b"N": lambda reader, depth: None,
    b"T": lambda reader, depth: True,
    b"F": lambda reader, depth: False,
    b"i": lambda reader, depth: _LONG.unpack(reader.take(8))[0],
    b"I": lambda reader, depth: int.from_bytes(reader.block(), "little", signed=True),
    b"f": lambda reader, depth: _DOUBLE.unpack(reader.take(8))[0],
    b"c": lambda reader, depth: complex(_DOUBLE.unpack(reader.take(8))[0], _DOUBLE.unpack(reader.take(8))[0]),
    b"s": lambda reader, depth: reader.characters(),
    b"b": lambda reader, depth: bytes(reader.block()),
    b"l": lambda reader, depth: reader.items(depth),
    b"L": lambda reader, depth: reader.integers(),
    b"t": lambda reader, depth: tuple(reader.items(depth)),
    b"S": lambda reader, depth: reader.members(depth),
    b"d": lambda reader, depth: reader.pairs(depth),
    b"a": lambda reader, depth: reader.array(),
    b"g": lambda reader, depth: reader.scalar(),
    b"X": lambda reader, depth: reader.tensor(),
    b"R": lambda reader, depth: reader.record(depth),
    b"o": lambda reader, depth: Opaque(reader.text()),
}


# ---------------------------------------------------------------- frames


def write_frame(stream: BinaryIO, data: bytes) -> None:
    stream.write(_SIZE.pack(len(data)) + data)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Read one frame; None at the end of the stream, `WireError` for a size beyond the limit."""
    head = _read_exactly(stream, 4)
    if head is None:
        return None
    size: int = _SIZE.unpack(head)[0]
    if size > MAX_FRAME:
        raise WireError(f"a frame of {size >> 20} MiB")
    return _read_exactly(stream, size)


def _read_exactly(stream: BinaryIO, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        block = stream.read(min(size - len(data), 1 << 20))
        if not block:
            return None
        data += block
    return bytes(data)
