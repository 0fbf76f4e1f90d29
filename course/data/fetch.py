"""Downloads: redirected, resumed after a cut, checked before they appear; each failure says what to do."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from course import __version__
from course.data.catalogue import SYNTHETIC_COMMAND, Download, is_whole
from course.data.store import Store, sync
from course.errors import DataError, UsageError

SECONDS = 20.0  # without a byte
BLOCK = 1 << 14

Progress = Callable[[int], None]


def fetch(download: Download, store: Store, progress: Progress | None = None) -> bool:
    """Bring a text into the store under its name, whole and checked; say whether anything had to be fetched.

    `progress` is called with the number of bytes that have arrived. Raise `DataError`; what arrived before a cut stays
    beside the name, and the next call goes on from there.
    """
    path = store.path(download.file)
    with store.lock(download.file):
        if is_whole(path, download):
            return False
        part = store.part(download.file)
        store.require_space(path, download.size)
        resumed = _Transfer(download, store, progress).run()
        if resumed and not is_whole(part, download):
            # The first half may be of another file, or of another day: once more, from the beginning.
            _remove(part)
            _Transfer(download, store, progress).run()
        if not is_whole(part, download):
            _remove(part)
            raise _wrong(download, store)
        try:
            part.replace(path)
        except OSError as error:
            raise store.not_written(path, error) from error
    return True


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


class _Transfer:
    """One download into the part file: the requests it takes, and what can go wrong with them."""

    def __init__(self, download: Download, store: Store, progress: Progress | None) -> None:
        self.download = download
        self.store = store
        self.part = store.part(download.file)
        self.progress = progress or (lambda _done: None)

    def run(self) -> bool:
        """Fetch what is missing; say whether it was added to bytes of an earlier run."""
        have = self.part.stat().st_size if self.part.exists() else 0
        if have >= self.download.size:
            return True
        if have:
            with self._open(have) as answer:
                if answer.status == http.client.PARTIAL_CONTENT and _starts_at(answer, have):
                    self._receive(answer, have)
                    return True
                if answer.status == http.client.OK:  # the server knows no ranges and sends it all
                    self._receive(answer, 0)
                    return False
            _remove(self.part)
        with self._open(0) as answer:
            self._receive(answer, 0)
        return False

    def _open(self, start: int) -> Any:
        headers = {"User-Agent": f"llm-course/{__version__}", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        url = self.download.url
        if not url.startswith(("https://", "http://")):
            raise UsageError(
                f"{self.download.variable} is {url!r}, which is no http or https address.",
                hint=f"unset {self.download.variable}   goes back to {self.download.source}",
            )
        try:
            return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=SECONDS)
        except urllib.error.HTTPError as answer:
            with answer:
                if answer.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                    _remove(self.part)
                    return self._open(0)
                raise _failed(self.download, self.store, _refused(answer.code)) from answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _failed(self.download, self.store, _unreachable(error)) from error

    def _receive(self, answer: Any, start: int) -> None:
        """Write the answer from `start` on; raise where it ends too early. One byte too many is enough to reject it."""
        done = start
        length = answer.length  # None where the server did not say
        try:
            with self.part.open("r+b" if start else "wb") as file:
                file.seek(start)
                self.progress(done)
                while done <= self.download.size and (block := self._read(answer, done)):
                    file.write(block)
                    done += len(block)
                    self.progress(done)
                sync(file)
        except DataError:
            raise
        except OSError as error:
            _remove(self.part)  # on a full disk, every byte counts
            raise self.store.not_written(self.store.path(self.download.file), error) from error
        expected = self.download.size if length is None else start + length
        if done < min(expected, self.download.size):
            raise self._cut(done, "the connection was cut")

    def _read(self, answer: Any, done: int) -> bytes:
        try:
            block: bytes = answer.read(BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise self._cut(done, _unreachable(error)) from error
        return block

    def _cut(self, done: int, why: str) -> DataError:
        return _failed(self.download, self.store, f"{why}, at byte {done:,} of {self.download.size:,}")


def _starts_at(answer: Any, start: int) -> bool:
    return str(answer.headers.get("Content-Range", "")).startswith(f"bytes {start}-")


def _refused(code: int) -> str:
    if code in (http.client.NOT_FOUND, http.client.GONE):
        return f"it is not there any more (HTTP {code})"
    if code == http.client.TOO_MANY_REQUESTS or code >= http.client.INTERNAL_SERVER_ERROR:
        return f"the server cannot answer just now (HTTP {code}); in a few minutes it may"
    return f"the server refused (HTTP {code} {http.client.responses.get(code, '')})".replace(" )", ")")


def _unreachable(error: BaseException) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    match reason:
        case http.client.InvalidURL():
            return f"that is no valid address ({reason})"
        case socket.gaierror():
            return "the server's name was not found (is this machine online?)"
        case ssl.SSLCertVerificationError():
            return f"the server's certificate could not be verified ({reason.verify_message})"
        case TimeoutError():
            return f"nothing came for {SECONDS:.0f} seconds"
        case ConnectionRefusedError():
            return "the server refused the connection"
        case ConnectionError() | http.client.HTTPException():
            return "the connection was cut"
    return str(getattr(reason, "strerror", None) or reason)


def _failed(download: Download, store: Store, why: str) -> DataError:
    part = store.part(download.file)
    begun = part.is_file() and part.stat().st_size > 0
    return DataError(
        f"{download.title} could not be fetched from {download.url}: {why}.",
        hint=_ways(download, store, "goes on where it stopped" if begun else "tries again"),
    )


def _wrong(download: Download, store: Store) -> DataError:
    return DataError(
        f"{download.url} sent something else than {download.title} (another sha256); it was not kept. "
        "Some networks answer everything with a page of their own.",
        hint=_ways(download, store, "tries again"),
    )


def _ways(download: Download, store: Store, again: str) -> str:
    """The three ways on: once more, without a network, by hand."""
    ways = {download.command: again, SYNTHETIC_COMMAND: "makes text to train on without a network"}
    width = max(map(len, ways))
    lines = [f"{command:{width}}   {what}" for command, what in ways.items()]
    lines.append(f"or put the file there by hand: {store.path(download.file)}   ({download.command} checks it)")
    return "\n  ".join(lines)
