"""Rewriting of queries by a chat server: only an answer that is a query is used, and no failure is an error."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from ingest.config import Settings
from ingest.steps import query_rewriting
from ingest.steps.query_rewriting import ChatRewriter, NoRewriter

TIMEOUT_SECONDS = 5.0
SHORT_TIMEOUT_SECONDS = 0.4


class ChatServer:
    """A chat server with configurable answers that records its requests."""

    def __init__(self) -> None:
        self.body: bytes = chat_answer("better words")
        self.status = 200
        self.pause_seconds = 0.0
        self.slow_bytes = 0
        """Bytes that are sent before the body, each after a pause."""
        self.barrier = threading.Barrier(1, timeout=TIMEOUT_SECONDS)
        """No request is answered before this many have arrived."""
        self.requests: list[tuple[str, str | None, Any]] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        sent = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        self.requests.append((handler.path, handler.headers["authorization"], sent))
        self.barrier.wait()
        handler.send_response(self.status)
        handler.end_headers()
        for _ in range(self.slow_bytes):
            time.sleep(self.pause_seconds)
            handler.wfile.write(b" ")
        if not self.slow_bytes:
            time.sleep(self.pause_seconds)
        handler.wfile.write(self.body)


def chat_answer(text: Any) -> bytes:
    """Return the body of an answer with this message."""
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


@pytest.fixture
def chat() -> Iterator[tuple[ChatServer, str]]:
    """A chat server and its base URL."""
    chat = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(OSError):  # the client may have closed the connection
                chat.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield chat, f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def rewrite(url: str, *queries: str, key: str = "", timeout: float = TIMEOUT_SECONDS) -> list[str]:
    settings = Settings(chat_url=url, chat_model="tiny", chat_api_key=SecretStr(key), chat_timeout_seconds=timeout)
    rewriter = query_rewriting.build_rewriter(settings)
    try:
        return rewriter.rewrite(queries)
    finally:
        rewriter.close()


def test_without_a_chat_url_no_request_is_sent() -> None:
    rewriter = query_rewriting.build_rewriter(Settings(chat_url=""))

    assert isinstance(rewriter, NoRewriter)
    assert rewriter.rewrite(["a", "b"]) == ["a", "b"]


def test_a_query_is_replaced_by_the_answer_of_the_chat_server(chat: tuple[ChatServer, str]) -> None:
    server, url = chat

    assert rewrite(url, "wot is dis", key="secret") == ["better words"]

    [(path, key, body)] = server.requests
    assert (path, key, body["model"]) == ("/v1/chat/completions", "Bearer secret", "tiny")
    assert body["messages"][-1] == {"role": "user", "content": "wot is dis"}


def test_without_a_key_no_authorization_header_is_sent(chat: tuple[ChatServer, str]) -> None:
    server, url = chat

    rewrite(url + "/", "x")

    assert server.requests[0][:2] == ("/v1/chat/completions", None)


def test_several_queries_are_rewritten_concurrently(chat: tuple[ChatServer, str]) -> None:
    server, url = chat
    server.barrier = threading.Barrier(8, timeout=TIMEOUT_SECONDS)

    assert rewrite(url, *map(str, range(8))) == ["better words"] * 8

    assert len(server.requests) == 8


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("  tide\n tables ", "tide tables"),
        ('"tide tables"', "tide tables"),
        ("<think>What is asked?\n</think>\n\ntide tables", "tide tables"),
        ("tide\0tables \ud800", "tide tables ?"),
    ],
)
def test_an_answer_is_cleaned_up_into_a_query(chat: tuple[ChatServer, str], text: str, query: str) -> None:
    server, url = chat
    server.body = chat_answer(text)

    assert rewrite(url, "x") == [query]


@pytest.mark.parametrize(
    "body",
    [
        chat_answer(""), chat_answer("  "), chat_answer(None), chat_answer(5), chat_answer("x " * 1_000), b"", b"{", b"[]", b"null", b"\xff", b"[" * 200_000,
        b'{"choices":[]}', b'{"choices":[{}]}', b'{"choices":{"0":1}}', b" " * 1_000_000,
    ],
)  # fmt: skip
def test_an_unusable_answer_leaves_the_query_unchanged(chat: tuple[ChatServer, str], body: bytes) -> None:
    server, url = chat
    server.body = body

    assert rewrite(url, "as it was") == ["as it was"]


@pytest.mark.parametrize("status", [301, 400, 401, 429, 500, 503])
def test_an_error_status_leaves_the_query_unchanged(chat: tuple[ChatServer, str], status: int) -> None:
    server, url = chat
    server.status = status

    assert rewrite(url, "as it was") == ["as it was"]


@pytest.mark.parametrize("slow_bytes", [0, 100])
def test_a_slow_server_times_out(chat: tuple[ChatServer, str], slow_bytes: int) -> None:
    server, url = chat
    server.slow_bytes = slow_bytes
    server.pause_seconds = SHORT_TIMEOUT_SECONDS / 4 if slow_bytes else 2 * SHORT_TIMEOUT_SECONDS

    started = time.monotonic()
    answer = rewrite(url, "as it was", "this too", timeout=SHORT_TIMEOUT_SECONDS)

    assert answer == ["as it was", "this too"]
    assert time.monotonic() - started < TIMEOUT_SECONDS, "the answer takes 10 s"


def test_an_unreachable_server_leaves_the_query_unchanged() -> None:
    assert rewrite("http://127.0.0.1:1/v1", "as it was") == ["as it was"]


def test_a_key_that_fits_in_no_header_leaves_the_query_unchanged(chat: tuple[ChatServer, str]) -> None:
    assert rewrite(chat[1], "as it was", key="schlüssel\n") == ["as it was"]


def test_a_query_above_the_maximum_length_is_not_sent(chat: tuple[ChatServer, str]) -> None:
    server, url = chat
    long = "x" * (query_rewriting.MAX_QUERY_CHARACTERS + 1)

    assert rewrite(url, long) == [long]

    assert server.requests == []


def test_a_closed_rewriter_may_be_used_again(chat: tuple[ChatServer, str]) -> None:
    rewriter = ChatRewriter(Settings(chat_url=chat[1], chat_timeout_seconds=TIMEOUT_SECONDS))
    rewriter.close()

    assert rewriter.rewrite(["x"]) == ["better words"]

    rewriter.close()
    assert rewriter.rewrite([]) == []
    rewriter.close()
