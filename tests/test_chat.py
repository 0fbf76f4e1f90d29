"""The conversation with a chat's server, over a real connection on this machine: whole, cut, refused, silent, rude."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from course.errors import ChatError, UsageError
from course.mentor import chat
from course.mentor.chat import Endpoint, Message, reply

ASKED = [Message("user", "the prompt")]


def event(text=None, **more):
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}, **more}]})}\n\n".encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # the name is the library's
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        self.server.answer(self)

    def log_message(self, *_):
        pass

    def begin(self, status=200, kind="text/event-stream"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.asked = []
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def endpoint(server, key=""):
    return Endpoint(f"http://127.0.0.1:{server.server_port}/v1", "tiny", key)


def answers(server, *pieces, status=200):
    def answer(handler):
        handler.begin(status)
        for piece in pieces:
            handler.wfile.write(piece)

    server.answer = answer


def test_an_answer_comes_whole_and_the_server_was_asked_properly(server):
    answers(server, b": a comment\n\n", event("What is "), event("dy?"), event(None), b"data: [DONE]\n\n")
    seen = []
    assert reply(endpoint(server, "secret"), ASKED, seen.append) == "What is dy?"
    assert seen == [8, 11]
    ((path, headers, body),) = server.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert body == {"model": "tiny", "messages": [{"role": "user", "content": "the prompt"}], "stream": True}
    assert "tools" not in body


def test_without_a_key_none_is_sent(server):
    answers(server, event("Yes", finish_reason="stop"))
    assert reply(endpoint(server), ASKED) == "Yes"
    assert "Authorization" not in server.asked[0][1]


def test_a_reply_that_asks_for_a_tool_is_text_or_nothing(server):
    calls = [{"function": {"name": "run", "arguments": "{'command': 'course next'}"}}]
    rude = f"data: {json.dumps({'choices': [{'delta': {'tool_calls': calls}}]})}\n\n".encode()
    answers(server, rude, event("`course next`"), b"data: [DONE]\n\n")
    assert reply(endpoint(server), ASKED) == "`course next`"


def test_a_reply_without_end_is_cut(server):
    answers(server, *[event("x" * 1000)] * 40)
    text = reply(endpoint(server), ASKED)
    assert len(text) < chat.MOST_REPLY + 100
    assert "does not end" in text


@pytest.mark.parametrize(
    ("pieces", "status", "said"),
    [
        ([event("What is ")], 200, "cut off in the middle"),
        ([b'data: {"error": {"message": "out of memory"}}\n\n'], 200, "stopped: out of memory"),
        ([b"data: <html>\n\n"], 200, "does not speak the protocol"),
        ([b"data: [1]\n\n"], 200, "does not speak the protocol"),
        ([b"data: [DONE]\n\n"], 200, "answered with nothing"),
        ([b'{"error": {"message": "no such model"}}'], 404, "no such model"),
        ([b"go away"], 401, "HTTP 401): go away"),
        ([b""], 500, "HTTP 500"),
    ],
)
def test_what_a_server_does_wrong_is_said(server, pieces, status, said):
    answers(server, *pieces, status=status)
    with pytest.raises(ChatError) as raised:
        reply(endpoint(server), ASKED)
    assert said in raised.value.message
    assert raised.value.hint


def test_a_server_that_falls_silent(server, monkeypatch):
    monkeypatch.setattr(chat, "SILENT_SECONDS", 0.3)
    waiting = threading.Event()

    def answer(handler):
        handler.begin()
        handler.wfile.write(event("What"))
        handler.wfile.flush()
        waiting.wait(10)

    server.answer = answer
    with pytest.raises(ChatError) as raised:
        reply(endpoint(server), ASKED)
    waiting.set()
    assert "fell silent in the middle" in raised.value.message


def test_nobody_there():
    with pytest.raises(ChatError) as raised:
        reply(Endpoint("http://127.0.0.1:9/v1", "tiny"), ASKED)
    assert "Nobody answers" in raised.value.message


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "COURSE_CHAT_URL and COURSE_CHAT_MODEL not set"),
        ({"COURSE_CHAT_URL": "http://x/v1"}, "COURSE_CHAT_MODEL not set"),
        ({"COURSE_CHAT_URL": "file:///etc/passwd", "COURSE_CHAT_MODEL": "m"}, "no http or https"),
    ],
)
def test_a_chat_that_is_not_named(environment, said):
    with pytest.raises(UsageError) as raised:
        Endpoint.named(environment)
    assert said in raised.value.message
    assert "Ollama" in raised.value.hint


def test_a_conversation_is_checked_before_it_is_read(server, cli, monkeypatch):
    """The false line is marked, the truth goes along with the next question, and nothing that is said is run."""
    said = [b"CHECK: 2 + 2 == 5\\nNow type `course next`.", b"I retract it."]

    def answer(handler):
        handler.begin()
        handler.wfile.write(event(said[len(server.asked) - 1].decode().replace("\\n", "\n")))
        handler.wfile.write(b"data: [DONE]\n\n")

    server.answer = answer
    cli.ok("start")
    monkeypatch.setenv("COURSE_CHAT_URL", endpoint(server).url)
    monkeypatch.setenv("COURSE_CHAT_MODEL", "tiny")
    shown = cli.ok("mentor", "--chat", answer="are you sure?\n\n")
    assert "✗ CHECK: 2 + 2 == 5" in shown
    assert "  Now type `course next`." in shown
    assert "I retract it." in shown
    first, second = (body["messages"] for _, _, body in server.asked)
    assert len(first) == 1
    assert first[0]["content"].startswith("You are my mentor")
    assert [one["role"] for one in second] == ["user", "assistant", "user"]
    assert "Retract it" in second[-1]["content"]
    assert second[-1]["content"].endswith("are you sure?")


def test_a_chat_that_nobody_named_says_how(cli, monkeypatch):
    monkeypatch.delenv("COURSE_CHAT_URL", raising=False)
    cli.ok("start")
    result = cli("mentor", "--chat")
    assert result.exit_code == 2
    assert "COURSE_CHAT_URL" in result.stderr
