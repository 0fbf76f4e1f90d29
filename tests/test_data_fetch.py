"""Downloads against a real server on loopback: whole, cut, moved, wrong, gone; and what each failure says."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Cli

from course.data import catalogue, fetch, store
from course.data.catalogue import Download
from course.data.fetch import fetch as get
from course.data.store import Store
from course.errors import DataError, UsageError

TEXT = b"".join(b"line %d of a play\n" % number for number in range(10_000))
FILE = "play.txt"


@dataclass
class Served:
    """What the server does, and what it was asked."""

    url: str
    body: bytes = TEXT
    cut_at: int | None = None
    ranges: bool = True
    status: int = 0
    length: bool = True
    stall: threading.Event | None = None
    asked: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    served: Served

    def do_GET(self) -> None:
        served = self.served
        asked = self.headers.get("Range", "")
        served.asked.append(asked)
        if self.path == "/moved":
            self.answer(302, b"", Location="/play")
        elif self.path == "/circle":
            self.answer(302, b"", Location="/circle")
        elif served.status:
            self.answer(served.status, b"a page about the error")
        else:
            self.send_text(asked)

    def send_text(self, asked: str) -> None:
        served = self.served
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and served.ranges else 0
        if start and start >= len(served.body):
            self.answer(416, b"")
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(served.body) - 1}/{len(served.body)}")
        if served.length:
            self.send_header("Content-Length", str(len(served.body) - start))
        self.end_headers()
        self.wfile.write(served.body[start : served.cut_at])
        if served.stall:
            self.wfile.flush()
            served.stall.wait(10)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    handler = type("OneHandler", (Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        handler.served = Served(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield handler.served
        server.shutdown()
        thread.join()


@pytest.fixture
def play(served: Served, monkeypatch: pytest.MonkeyPatch) -> Download:
    """A small text in the place of Tiny Shakespeare, known to the command line under that name."""
    one = replace(
        catalogue.SHAKESPEARE, title="A play", file=FILE, size=len(TEXT), sha256=hashlib.sha256(TEXT).hexdigest(),
        source=f"{served.url}/play",
    )  # fmt: skip
    monkeypatch.delenv(one.variable, raising=False)
    monkeypatch.setitem(catalogue.DOWNLOADS, "shakespeare", one)
    return one


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    return store.user_store()


def left(here: Store) -> set[str]:
    """The names in the folder, but for the lock and what keeps git away."""
    return {path.name for path in here.folder.iterdir() if not path.name.startswith(".")}


def failure(play: Download, here: Store) -> str:
    with pytest.raises(DataError) as caught:
        get(play, here)
    assert caught.value.exit_code == 3
    assert "course data make synthetic --size 10MB" in str(caught.value.hint)
    assert str(here.path(FILE)) in str(caught.value.hint)
    return f"{caught.value.message}\n{caught.value.hint}"


# ---------------------------------------------------------------- what works


def test_a_text_arrives_whole(play: Download, here: Store) -> None:
    seen: list[int] = []
    assert get(play, here, seen.append)
    assert here.path(FILE).read_bytes() == TEXT
    assert left(here) == {FILE}
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, len(TEXT))


def test_what_is_here_is_not_fetched_again(play: Download, here: Store, served: Served) -> None:
    here.prepare()
    here.path(FILE).write_bytes(TEXT)  # by hand
    assert not get(play, here)
    assert served.asked == []


def test_a_damaged_file_is_fetched_again(play: Download, here: Store) -> None:
    here.prepare()
    here.path(FILE).write_bytes(TEXT.replace(b"\n", b"\r\n"))
    assert get(play, here)
    assert here.path(FILE).read_bytes() == TEXT


def test_a_damaged_file_stays_while_there_is_nothing_better(play: Download, here: Store, served: Served) -> None:
    here.prepare()
    here.path(FILE).write_bytes(b"mine")
    served.status = 404
    failure(play, here)
    assert here.path(FILE).read_bytes() == b"mine"


def test_a_redirect_is_followed(play: Download, here: Store, served: Served) -> None:
    assert get(replace(play, source=f"{served.url}/moved"), here)
    assert here.path(FILE).read_bytes() == TEXT


def test_the_environment_names_another_server(
    play: Download, here: Store, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_SHAKESPEARE_URL", f"{served.url}/elsewhere")
    assert get(replace(play, source="http://127.0.0.1:9/"), here)


def test_a_server_that_does_not_say_how_long(play: Download, here: Store, served: Served) -> None:
    served.length = False
    assert get(play, here)


# ---------------------------------------------------------------- cut, and resumed


@pytest.mark.parametrize("length", [True, False])
def test_a_cut_download_goes_on_where_it_stopped(play: Download, here: Store, served: Served, length: bool) -> None:
    served.cut_at, served.length = 50_000, length
    said = failure(play, here)
    assert f"the connection was cut, at byte 50,000 of {len(TEXT):,}." in said
    assert "course data get shakespeare              goes on where it stopped" in said
    assert left(here) == {f"{FILE}.part"}
    served.cut_at = None
    assert get(play, here)
    assert served.asked == ["", "bytes=50000-"]
    assert here.path(FILE).read_bytes() == TEXT
    assert left(here) == {FILE}


def test_a_server_that_knows_no_ranges_sends_it_all(play: Download, here: Store, served: Served) -> None:
    here.prepare()
    here.part(FILE).write_bytes(TEXT[:50_000])
    served.ranges = False
    assert get(play, here)
    assert here.path(FILE).read_bytes() == TEXT


@pytest.mark.parametrize("part", [b"x" * 50_000, b"x" * len(TEXT), TEXT + b"more"])
def test_a_wrong_beginning_is_thrown_away(play: Download, here: Store, served: Served, part: bytes) -> None:
    here.prepare()
    here.part(FILE).write_bytes(part)
    assert get(play, here)
    assert here.path(FILE).read_bytes() == TEXT
    assert served.asked[-1] == ""


def test_a_part_that_is_all_there_needs_no_network(play: Download, here: Store, served: Served) -> None:
    here.prepare()
    here.part(FILE).write_bytes(TEXT)
    assert get(play, here)
    assert served.asked == []
    assert left(here) == {FILE}


def test_a_server_with_a_shorter_text_refuses_the_range(play: Download, here: Store, served: Served) -> None:
    here.prepare()
    here.part(FILE).write_bytes(TEXT[:50_000])
    served.body = TEXT[:40_000]
    assert "sent something else than A play" in failure(play, here)
    assert served.asked == ["bytes=50000-", ""]
    assert left(here) == set()


# ---------------------------------------------------------------- what fails, and says so


@pytest.mark.parametrize("body", [TEXT.upper(), TEXT + b"one more line\n", b"<html>Please log in</html>", b""])
def test_a_wrong_text_is_not_kept(play: Download, here: Store, served: Served, body: bytes) -> None:
    served.body = body
    said = failure(play, here)
    assert f"{served.url}/play sent something else than A play (another sha256); it was not kept." in said
    assert left(here) == set()


@pytest.mark.parametrize(
    ("status", "why"),
    [(404, "it is not there any more (HTTP 404)"), (403, "the server refused (HTTP 403 Forbidden)"),
     (503, "the server cannot answer just now (HTTP 503); in a few minutes it may"),
     (429, "the server cannot answer just now (HTTP 429)")],
)  # fmt: skip
def test_a_server_that_refuses(play: Download, here: Store, served: Served, status: int, why: str) -> None:
    served.status = status
    said = failure(play, here)
    assert f"A play could not be fetched from {served.url}/play: {why}" in said
    assert "course data get shakespeare              tries again" in said
    assert left(here) == set()


def test_a_server_that_sends_one_in_a_circle(play: Download, here: Store, served: Served) -> None:
    assert "HTTP 302" in failure(replace(play, source=f"{served.url}/circle"), here)


def test_a_server_that_falls_silent(
    play: Download, here: Store, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "SECONDS", 0.3)
    served.cut_at, served.stall = 40_000, threading.Event()
    assert "nothing came for" in failure(play, here)
    assert here.part(FILE).stat().st_size > 0
    served.stall.set()


def test_nobody_listens(play: Download, here: Store) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "the server refused the connection" in failure(replace(play, source=f"http://127.0.0.1:{port}/"), here)


def test_offline(play: Download, here: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = failure(replace(play, source="http://texts.invalid/play"), here)
    assert "http://texts.invalid/play: the server's name was not found (is this machine online?)." in said


@pytest.mark.parametrize("url", ["file:///etc/hosts", "play.txt", "ftp://127.0.0.1/play"])
def test_only_http(play: Download, here: Store, url: str) -> None:
    with pytest.raises(UsageError, match="no http or https address"):
        get(replace(play, source=url), here)


def test_a_broken_address(play: Download, here: Store) -> None:
    assert "that is no valid address" in failure(replace(play, source="http://127.0.0.1:port/"), here)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk(play: Download, here: Store) -> None:
    here.prepare()
    here.part(FILE).symlink_to("/dev/full")
    with pytest.raises(DataError) as caught:
        get(play, here)
    assert caught.value.message == f"{here.path(FILE)} could not be written: the disk is full."
    assert "COURSE_DATA" in str(caught.value.hint)
    assert left(here) == set()


# ---------------------------------------------------------------- two at once


def test_two_at_once_fetch_it_once(play: Download, here: Store, served: Served) -> None:
    fetched: list[bool] = []
    threads = [threading.Thread(target=lambda: fetched.append(get(play, here))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fetched) == [False, False, False, True]
    assert served.asked == [""]


def test_one_that_waits_too_long_says_for_what(play: Download, here: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    with here.lock(FILE), pytest.raises(UsageError, match=r"Another course command is writing .*play\.txt") as caught:
        get(play, here)
    assert caught.value.exit_code == 2


# ---------------------------------------------------------------- the command


def test_getting_it(cli: Cli, play: Download, here: Store, tmp_path: Path) -> None:
    said = cli.ok("data", "get", "Shakespeare", cwd=tmp_path)
    assert said == f"✓ A play   fetched, {len(TEXT):,} bytes, sha256 checked\n    {here.path(FILE)}\n"
    assert "is here already" in cli.ok("data", "get", "shakespeare")
    assert f"    {here.path(FILE)}\n" in cli.ok("data", "list")


def test_not_getting_it(cli: Cli, play: Download, here: Store, served: Served) -> None:
    served.status = 404
    result = cli("data", "get", "shakespeare")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "✗ A play could not be fetched" in result.stderr
    assert "course data make synthetic --size 10MB" in result.stderr
