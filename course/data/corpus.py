"""Text of any size from the synthetic grammar: the same seed gives the same bytes, on every machine."""

from __future__ import annotations

import random
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from course.data.catalogue import made_name
from course.data.chain import the_chain
from course.data.grammar import DRAW_BITS, VERSION
from course.data.store import Store

DRAWS = 4096  # at a time: about 20 kB of text


def stream(seed: int = 0) -> Iterator[bytes]:
    """Yield the text of a seed piece by piece, without end and without keeping it."""
    key = sha256(f"course synthetic {VERSION} {seed}".encode()).digest()
    draw = random.Random(int.from_bytes(key, "little"))
    chain = the_chain()
    state = 0
    while True:
        # One fair 16-bit draw an emission; made from bytes, so that the order does not depend on the machine's.
        bits = draw.getrandbits(DRAW_BITS * DRAWS).to_bytes(2 * DRAWS, "little")
        piece = []
        for number in struct.unpack(f"<{DRAWS}H", bits):
            links = chain.links(state)
            at = bisect_right(links.bounds, number)
            piece.append(links.emissions[at])
            state = links.following[at]
        yield b"".join(piece)


def pieces(size: int, seed: int = 0) -> Iterator[bytes]:
    """Yield exactly `size` bytes. The last word may be cut: a shorter text is always the beginning of a longer one."""
    left = size
    for piece in stream(seed):
        if left <= len(piece):
            yield piece[:left]
            return
        yield piece
        left -= len(piece)


def corpus(size: int, seed: int = 0) -> bytes:
    """Return `size` bytes of the synthetic corpus. For what does not fit into memory, see `pieces`."""
    return b"".join(pieces(size, seed))


def make_corpus(
    store: Store, size: int, seed: int = 0, progress: Callable[[int], None] | None = None
) -> tuple[Path, bool]:
    """Write a corpus into the store, unless it is there; return its path, and whether it had to be written.

    It is never in memory as a whole, and it has its name only once it is all there. `progress` is called with the
    number of bytes written so far.
    """
    name = made_name(size, seed)
    path = store.path(name)
    with store.lock(name):
        if path.is_file() and path.stat().st_size == size:
            return path, False
        store.require_space(path, size)
        done = 0
        with store.writing(name) as file:
            for piece in pieces(size, seed):
                file.write(piece)
                done += len(piece)
                if progress:
                    progress(done)
    return path, True
