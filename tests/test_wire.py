"""What crosses the boundary arrives as it was sent; bytes that are no value raise `WireError` and cost little."""

from __future__ import annotations

import dataclasses
import io
import math
import struct
import subprocess
import sys
import textwrap
import time
import tracemalloc
from collections import OrderedDict, defaultdict, namedtuple
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import wire
from course.grading.wire import Opaque, Record, Tensor, WireError, decode, encode, read_frame, write_frame

FUZZ = settings(max_examples=150, deadline=None, database=None)


def there_and_back(value: Any) -> Any:
    return decode(encode(value))


# ---------------------------------------------------------------- plain values

PLAIN = [
    None, True, False, 0, 1, -1, 2**63 - 1, -(2**63), 2**63, 10**500, -(10**500), 0.5, math.inf, -math.inf,
    5e-324, 1 + 2j, complex(-0.0, 1), "", "a", "ü→🎉", "\x00\n\x1b", "lone \ud800 surrogate", b"", b"\x00\xff", [],
    [1], (), (1,),
    [1, 2.0, "three", None], list(range(100)), [2**64] * 10, [True] * 10, [[], [[]], ()], set(), {1, 2.5, (2, 3)}, {},
    {"a": 1, 2: [3], (4, 5): {"deep": {"er": None}}}, {None: None},
]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: repr(value)[:30])
def test_a_plain_value_arrives_as_it_was(value: Any) -> None:
    got = there_and_back(value)
    assert got == value
    assert type(got) is type(value)
    assert repr(got) == repr(value) or isinstance(value, set)


def test_bits_of_a_float_survive() -> None:
    assert math.copysign(1, there_and_back(-0.0)) == -1
    assert math.copysign(1, there_and_back(0.0)) == 1
    assert math.isnan(there_and_back(math.nan))
    assert [type(item) for item in there_and_back([True, 1, 1.0])] == [bool, int, float]


def test_order_of_a_dict_survives() -> None:
    assert list(there_and_back({"b": 1, "a": 2, "c": 3})) == ["b", "a", "c"]


def test_what_is_like_a_builtin_becomes_one() -> None:
    assert there_and_back(bytearray(b"ab")) == b"ab"
    assert there_and_back(frozenset({1, 2})) == {1, 2}


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


class Listing(list[Any]):
    pass


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Text("a"), "a"),
        (Whole(3), 3),
        (Listing([1, Listing([2])]), [1, [2]]),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_subclass_arrives_as_what_it_extends(value: Any, plain: Any) -> None:
    got = there_and_back(value)
    assert got == plain
    assert type(got) is type(plain)


class Restless(str):
    """Lies whenever it is asked what it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


def test_a_subclass_that_never_becomes_plain_is_refused() -> None:
    with pytest.raises(WireError):
        encode(Restless("a"))


Point = namedtuple("Point", ["x", "y"])


@dataclasses.dataclass
class Config:
    width: int
    names: list[str]


@pytest.mark.parametrize("value", [Point(1, 2), Point(np.ones(2), {"a": Point(3, 4)})])
def test_a_named_tuple_arrives_as_a_record(value: Any) -> None:
    got = there_and_back(value)
    assert isinstance(got, Record)
    assert np.array_equal(got.x, value.x)  # type: ignore[attr-defined]
    assert "Point(x=" in repr(got)


def test_a_dataclass_arrives_as_a_read_only_record() -> None:
    got = there_and_back(Config(3, ["a"]))
    assert (got.width, got.names) == (3, ["a"])
    assert repr(got) == "Config(width=3, names=['a'])"
    with pytest.raises(AttributeError, match="read-only"):
        got.width = 4


def test_names_of_fields_cannot_disguise_a_record() -> None:
    made = dataclasses.make_dataclass("Odd", ["_type_name", "__eq__"])
    got = there_and_back(made("liar", 1))
    assert repr(got) == "Odd(__eq__=1)"
    assert got != 1


class EqualsAll:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@pytest.mark.parametrize(
    "value", [EqualsAll(), EqualsAll, len, iter([]), object(), range(3), sys, slice(1), (n for n in ())]
)
def test_anything_else_arrives_as_its_types_name(value: Any) -> None:
    got = there_and_back(value)
    assert isinstance(got, Opaque)
    assert got.type_name
    assert got != value or isinstance(value, EqualsAll)
    assert got.type_name in repr(got)


# ---------------------------------------------------------------- arrays

BASE = np.arange(24.0).reshape(2, 3, 4)
ARRAYS = {
    "plain": BASE, "Fortran": np.asfortranarray(BASE), "transposed": BASE.T, "strided": BASE[..., ::2],
    "backwards": BASE[::-1], "broadcast": np.broadcast_to(np.float32(2), (3, 2)), "0-d": np.array(3.5),
    "empty": np.zeros((0, 3)), "empty strided": np.zeros((4, 0))[::2], "NaN": np.array([np.nan, -0.0, np.inf]),
    "bool": np.array([True, False]), "int8": np.array([-1], np.int8), "uint64": np.array([2**64 - 1], np.uint64),
    "float16": np.array([1.5], np.float16), "big-endian": np.array([1.5], ">f8"), "complex": np.array([1 + 2j]),
    "long": np.array([1.5], np.longdouble),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_arrives_as_it_was(name: str) -> None:
    array = ARRAYS[name]
    got = there_and_back(array)
    assert type(got) is np.ndarray
    assert (got.dtype, got.shape) == (array.dtype, array.shape)
    assert got.tobytes() == array.tobytes()
    assert got.flags.writeable
    got[...] = 0
    for order in ("c_contiguous", "f_contiguous"):
        assert getattr(got.flags, order) == getattr(array.flags, order), order


@pytest.mark.parametrize("value", [np.float32(1.5), np.int64(-3), np.bool_(True), np.complex64(1j), np.float64("nan")])
def test_a_numpy_scalar_keeps_its_type(value: Any) -> None:
    got = there_and_back([value])[0]
    assert type(got) is type(value)
    assert got == value or np.isnan(value)


@pytest.mark.parametrize(
    "value",
    [np.array([object()]), np.array(["a"]), np.zeros(1, "datetime64[s]"), np.zeros(1, [("a", int)]), np.str_("a")],
    ids=["object", "text", "date", "structured", "scalar text"],
)
def test_an_array_of_anything_else_does_not_cross(value: Any) -> None:
    got = there_and_back(value)
    assert isinstance(got, Opaque)
    assert "numpy" in got.type_name


def test_a_subclass_of_array_that_lies_crosses_as_its_data() -> None:
    class Liar(np.ndarray[Any, Any]):
        shape = (7,)  # type: ignore[assignment]
        dtype = "anything"  # type: ignore[assignment]

        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> Any:
            return True

        def tobytes(self, order: Any = None) -> bytes:
            return b"forged"

    got = there_and_back(np.array([1.0, 2.0]).view(Liar))
    assert type(got) is np.ndarray
    assert got.tolist() == [1.0, 2.0]


def test_a_tensor_of_the_judges_crosses_as_data() -> None:
    got = there_and_back(Tensor(np.ones((2, 1), np.float32), "bfloat16", requires_grad=True))
    assert isinstance(got, Tensor)
    assert (got.dtype, got.requires_grad, got.data.tolist()) == ("bfloat16", True, [[1.0], [1.0]])
    assert there_and_back(Tensor(np.ones(1))).dtype == "float64"


@pytest.mark.skipif(find_spec("torch") is None, reason="this part of the boundary is for steps with PyTorch")
def test_torch_tensors_cross_both_ways() -> None:
    code = """
        import numpy as np, torch
        from course.grading.wire import Tensor, decode, encode
        # the judge's arrays become the learner's tensors …
        sent = Tensor(np.arange(6.0).reshape(2, 3).T, "float32", requires_grad=True)
        got = decode(encode({"x": [sent]}), tensors=True)["x"][0]
        assert isinstance(got, torch.Tensor) and got.dtype == torch.float32 and got.requires_grad and got.is_leaf
        assert got.shape == (3, 2) and got[2, 1] == 5
        strided = decode(encode(Tensor(np.arange(8)[::2], "int64")), tensors=True)
        assert strided.tolist() == [0, 2, 4, 6] and not strided.is_contiguous()
        strided += 1
        for dtype in ("bfloat16", "float16", "float64", "int32", "uint8", "bool", "complex64"):
            there = decode(encode(torch.ones(2, dtype=getattr(torch, dtype))))
            assert isinstance(there, Tensor) and there.dtype == dtype and there.data.tolist() == [1, 1], dtype
            back = decode(encode(there), tensors=True)
            assert back.dtype == getattr(torch, dtype) and back.tolist() == [1, 1], dtype
        # … and what the learner returns comes back as data, whatever its gradient or layout
        for tensor in (torch.ones(2, 3, requires_grad=True) * 2, torch.nn.Parameter(torch.ones(3)),
                       torch.ones(2, 3).t(), torch.tensor(1.5), torch.zeros(0, 4), torch.ones(2).conj(),
                       torch.imag(torch.ones(2, dtype=torch.complex64).conj())):
            there = decode(encode(tensor))
            assert there.data.shape == tuple(tensor.shape) and there.requires_grad == tensor.requires_grad
            assert there.data.tolist() == tensor.tolist()
        # what is no tensor of numbers does not end the process
        print(decode(encode([torch.float32, torch.nn.Linear(1, 1)])))
        for name in ("no_such", "nn", "__class__"):
            try:
                decode(encode(Tensor(np.ones(1), name)), tensors=True)
            except Exception as error:
                assert type(error).__name__ == "WireError", error
            else:
                raise AssertionError(name)
        try:
            decode(encode(Tensor(np.ones(1), "int64", True)), tensors=True)
        except Exception as error:
            assert type(error).__name__ == "WireError", error
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "torch.dtype" in done.stdout
    assert "Linear" in done.stdout


# ---------------------------------------------------------------- limits


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_limited_on_both_sides() -> None:
    assert there_and_back(nested(wire.MAX_DEPTH)) == nested(wire.MAX_DEPTH)
    for depth in (wire.MAX_DEPTH + 1, 100_000):
        with pytest.raises(WireError, match="nested"):
            encode(nested(depth))
    with pytest.raises(WireError, match="nested"):
        decode(b"l\x01\0\0\0" * 100_000 + b"N")


def test_a_list_that_holds_itself_is_refused() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(WireError, match="nested"):
        encode(ring)


def test_size_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_FRAME", 1000)
    for value in ("a" * 2000, [b"a" * 600, b"a" * 600], np.ones(200), list(range(200)), [0.5] * 200):
        with pytest.raises(WireError, match="cross"):
            encode(value)
    assert there_and_back(np.ones(100)).sum() == 100


def test_items_are_limited_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 1000
    monkeypatch.setattr(wire, "MAX_ITEMS", most)
    assert len(there_and_back([None] * most)) == most
    same = [None] * 100
    for value in ([None] * (most + 1), [same] * (most // 100), dict.fromkeys(range(most // 2 + 1))):
        with pytest.raises(WireError, match="items"):
            encode(value)
    assert len(there_and_back(list(range(2 * most)))) == 2 * most  # a block of numbers counts as one


@pytest.mark.parametrize("item", [b"N", b"S\0\0\0\0", b"l\0\0\0\0", b"d\0\0\0\0", b"Rs\0\0\0\0d\0\0\0\0"])
def test_many_small_items_cost_little_memory(item: bytes) -> None:
    """What a million empty sets take as objects is all that a hostile frame can make the judge allocate."""
    count = wire.MAX_ITEMS + 1
    frame = b"l" + struct.pack("<I", count) + item * count
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            decode(frame)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize(
    "frame",
    [
        b"l\xff\xff\xff\xff",
        b"L\xff\xff\xff\x7f",
        b"d\xff\xff\xff\xff",
        b"s\xff\xff\xff\xff",
        b"b\xff\xff\xff\xffabc",
        b"I\xff\xff\xff\xff",
        b"as\3\0\0\0<f8C\1" + struct.pack("<q", 1 << 60) + b"b\0\0\0\0",
        b"as\3\0\0\0<f8C\2" + struct.pack("<qq", 1 << 62, 1 << 62) + b"b\0\0\0\0",
        b"as\3\0\0\0<f8G\2" + struct.pack("<qq", 0, 1 << 62) + b"b\0\0\0\0",
        b"as\3\0\0\0<f8C\1" + struct.pack("<q", -1) + b"b\0\0\0\0",
        b"as\3\0\0\0<f8C\xff" + b"\1\0\0\0\0\0\0\0" * 255 + b"b\x08\0\0\0" + b"\0" * 8,
        b"as\1\0\0\0OC\0b\x08\0\0\0" + b"\1" * 8,
        b"as\4\0\0\0|V16C\0b\x10\0\0\0" + b"\1" * 16,
        b"as\3\0\0\0<f1C\0b\1\0\0\0\1",
        b"gs\3\0\0\0<f8C\1" + struct.pack("<q", 1) + b"b\x08\0\0\0" + b"\0" * 8,
        b"S\1\0\0\0l\0\0\0\0",
        b"d\1\0\0\0d\0\0\0\0N",
        b"Rs\1\0\0\0ad\1\0\0\0NN",
        b"s\1\0\0\0\xff",
        b"NN",
        b"",
        b"?",
        b"i\0",
        b"t\1\0\0\0",
    ],
)
def test_a_lie_is_seen_before_memory_is_taken(frame: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            decode(frame)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


PRIME = (1 << 61) - 1  # whole numbers that differ by it have the same hash


@pytest.mark.parametrize("tag", [b"d", b"S"])
def test_keys_that_collide_are_refused_at_once(tag: bytes) -> None:
    numbers = [encode(number * PRIME) for number in range(100_000)]
    body = b"".join(one + (b"N" if tag == b"d" else b"") for one in numbers)
    began = time.process_time()
    with pytest.raises(WireError, match="collide"):
        decode(tag + struct.pack("<I", len(numbers)) + body)
    assert time.process_time() - began < 5
    few = {number * PRIME for number in range(50)}
    assert there_and_back(few) == few
    assert len(there_and_back(dict.fromkeys(range(-50_000, 50_000)))) == 100_000


def test_what_grows_on_its_way_is_limited_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_TEXT", 100)
    monkeypatch.setattr(wire, "MAX_INTEGERS", 100)
    assert there_and_back(["a" * 100, list(range(100))])
    for value in ("a" * 101, [list(range(60)), list(range(60))]):
        with pytest.raises(WireError, match=r"cross|whole numbers"):
            encode(value)
    for frame in (b"s" + struct.pack("<I", 101) + b"a" * 101, b"L" + struct.pack("<I", 101) + bytes(808)):
        with pytest.raises(WireError, match=r"cross|whole numbers"):
            decode(frame)


@pytest.mark.parametrize("shape", [(1 << 40, 0), (0, 1 << 50), (1 << 20, 1 << 20, 0)])
def test_an_array_of_nothing_has_no_enormous_sides(shape: tuple[int, ...]) -> None:
    with pytest.raises(WireError, match="places"):
        decode(encode(np.zeros(shape)))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5)
    | st.sampled_from(list(ARRAYS.values())[:12]) | st.sampled_from([Point(1, [2]), np.float32(1), EqualsAll()]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2) | st.integers(), inner, max_size=3)
    | st.lists(inner, max_size=3).map(tuple),
    max_leaves=10,
)  # fmt: skip


@FUZZ
@given(st.binary(max_size=200))
def test_random_bytes_are_a_value_or_a_wire_error(data: bytes) -> None:
    _value_or_error(data)


@FUZZ
@given(VALUES, st.data())
def test_a_damaged_frame_is_a_value_or_a_wire_error(value: Any, data: st.DataObject) -> None:
    frame = bytearray(encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(frame) - 1))
        how = data.draw(st.sampled_from(["change", "cut", "insert", "repeat"]))
        if how == "change":
            frame[place] = data.draw(st.integers(0, 255))
        elif how == "cut" and len(frame) > 1:
            del frame[place]
        elif how == "insert":
            frame[place:place] = data.draw(st.binary(max_size=4))
        else:
            frame += frame[place:]
    _value_or_error(bytes(frame))


def _value_or_error(data: bytes) -> None:
    try:
        value = decode(data)
    except WireError:
        return
    assert encode(value) is not None  # what was read can be sent


@FUZZ
@given(VALUES)
def test_any_value_survives_the_way(value: Any) -> None:
    frame = encode(value)
    assert encode(decode(frame)) == frame or "o" in frame.decode("latin-1")


# ---------------------------------------------------------------- frames


def test_frames_follow_each_other() -> None:
    stream = io.BytesIO()
    for data in (b"one", b"", b"three"):
        write_frame(stream, data)
    stream.seek(0)
    assert [read_frame(stream) for _ in range(4)] == [b"one", b"", b"three", None]


class Dripping(io.BytesIO):
    """A pipe that gives one byte at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(1, size or 0))


def test_a_frame_may_come_in_drops() -> None:
    assert read_frame(Dripping(b"\3\0\0\0abc")) == b"abc"


@pytest.mark.parametrize("data", [b"", b"\1", b"\3\0\0", b"\3\0\0\0", b"\3\0\0\0ab"])
def test_a_frame_cut_short_is_the_end(data: bytes) -> None:
    assert read_frame(io.BytesIO(data)) is None


def test_a_frame_beyond_the_limit_is_refused_before_it_is_read() -> None:
    stream = io.BytesIO(struct.pack("<I", wire.MAX_FRAME + 1) + b"abc")
    with pytest.raises(WireError, match="256 MiB"):
        read_frame(stream)
    assert stream.tell() == 4


def test_an_announced_frame_costs_only_what_comes() -> None:
    tracemalloc.start()
    try:
        assert read_frame(io.BytesIO(struct.pack("<I", wire.MAX_FRAME) + b"a" * 1000)) is None
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
