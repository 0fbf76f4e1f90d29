"""A conversation with an LLM server that speaks OpenAI's protocol: Ollama, llama.cpp, vLLM, or a paid one.

Off unless the learner names a server. What comes back is text and nothing else: no tool is offered, none is run, and
what a reply asks for is not done.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course.errors import ChatError, UsageError

URL, MODEL, KEY = "COURSE_CHAT_URL", "COURSE_CHAT_MODEL", "COURSE_CHAT_KEY"
CONNECT_SECONDS = 10.0
# Without a word; a model on a laptop's processor reads a prompt of 4,000 characters for a while.
SILENT_SECONDS = 120.0
MOST_REPLY = 20_000
_EXAMPLE = f"export {URL}=http://localhost:11434/v1 {MODEL}=llama3.2   for Ollama on this machine"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the chat answers: the base URL (it ends in /v1 nearly everywhere), the model's name, a key or ""."""

    url: str
    model: str
    key: str = ""

    @classmethod
    def named(cls, environment: Mapping[str, str] = os.environ) -> Endpoint:
        """The endpoint that the environment names; raise `UsageError` saying how to name one."""
        url, model = environment.get(URL, "").rstrip("/"), environment.get(MODEL, "")
        if not url or not model:
            missing = " and ".join(name for name, value in ((URL, url), (MODEL, model)) if not value)
            raise UsageError(f"No chat is named: {missing} not set.", hint=_EXAMPLE)
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"{URL} is {url!r}, which is no http or https address.", hint=_EXAMPLE)
        return cls(url, model, environment.get(KEY, ""))


@dataclass(frozen=True, slots=True)
class Message:
    role: str  # "user" or "assistant"
    content: str


def reply(endpoint: Endpoint, messages: Sequence[Message], progress: Callable[[int], None] | None = None) -> str:
    """Send the conversation and return the whole answer; `progress` is told how many characters have come.

    Raise `ChatError` when none comes, or only a part of one.
    """
    try:
        import httpx  # noqa: PLC0415 - an extra, and only for this
    except ModuleNotFoundError as error:
        raise UsageError("course mentor --chat needs httpx.", hint="pip install 'llm-course[chat]'") from error

    text = ""
    try:
        with _request(httpx, endpoint, messages) as answer:
            if answer.status_code != httpx.codes.OK:
                raise _refused(endpoint, answer.status_code, answer.read()[:2000].decode("utf-8", "replace"))
            for piece in _pieces(endpoint, answer.iter_lines()):
                text += piece
                if progress:
                    progress(len(text))
                if len(text) > MOST_REPLY:
                    return text[:MOST_REPLY] + "\n… (cut: the reply does not end)"
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise _broken(httpx, endpoint, error, text) from error
    if not text.strip():
        raise ChatError(f"{endpoint.model} answered with nothing.", hint=f"is {endpoint.model} the right {MODEL}?")
    return text


def _request(httpx: Any, endpoint: Endpoint, messages: Sequence[Message]) -> Any:
    body = {
        "model": endpoint.model,
        "messages": [{"role": one.role, "content": one.content} for one in messages],
        "stream": True,
    }
    headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    timeout = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
    return httpx.stream("POST", f"{endpoint.url}/chat/completions", json=body, headers=headers, timeout=timeout)


def _pieces(endpoint: Endpoint, lines: Iterator[str]) -> Iterator[str]:
    """The text in a stream of events; `data: [DONE]` ends it, and a stream that ends without it was cut."""
    for line in lines:
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            return
        try:
            event = json.loads(data)
            error = event.get("error")
            choice = (event.get("choices") or [{}])[0]
            content, reason = (choice.get("delta") or {}).get("content"), choice.get("finish_reason")
        except (ValueError, AttributeError, IndexError, TypeError, KeyError) as failure:
            raise ChatError(
                f"{endpoint.url} does not speak the protocol of chat completions.", hint=_EXAMPLE
            ) from failure
        if error:
            raise ChatError(f"{endpoint.model} stopped: {_message(error)}.", hint="type your question again")
        if isinstance(content, str):
            yield content
        if reason:
            return
    raise ChatError("The answer was cut off in the middle; it is not shown.", hint="type your question again")


def _refused(endpoint: Endpoint, status: int, body: str) -> ChatError:
    try:
        said = _message(json.loads(body).get("error", body))
    except (ValueError, AttributeError):
        said = body
    words = " ".join(said.split())[:200]
    hints = {
        401: f"is {KEY} right?",
        403: f"is {KEY} right?",
        404: f"is {URL} the base address (it mostly ends in /v1), and {endpoint.model} a model it has?",
        429: "wait a minute, then type your question again",
    }
    return ChatError(f"{endpoint.url} refused (HTTP {status}): {words}", hint=hints.get(status, "is the server well?"))


def _message(error: object) -> str:
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)


def _broken(httpx: Any, endpoint: Endpoint, error: Exception, text: str) -> ChatError:
    begun = " in the middle of its answer" if text else ""
    if isinstance(error, httpx.TimeoutException):
        return ChatError(f"{endpoint.url} fell silent{begun}.", hint="a smaller model answers sooner; or try again")
    if isinstance(error, httpx.ConnectError):
        return ChatError(f"Nobody answers at {endpoint.url}.", hint=f"is the server running?  {_EXAMPLE}")
    return ChatError(f"The connection to {endpoint.url} broke{begun} ({type(error).__name__}).", hint="try again")
