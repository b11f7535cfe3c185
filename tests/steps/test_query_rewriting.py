"""Rewriting of queries by a chat server: what it says is used if it is a query, and nothing it does is an error."""

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
from ingest.steps.query_rewriting import ChatRewriter, Unchanged

PATIENCE_SECONDS = 5.0
SHORT_SECONDS = 0.4


class Chat:
    """A chat server that answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.body: bytes = said("better words")
        self.status = 200
        self.pause_seconds = 0.0
        self.drips = 0
        """Bytes that are sent before the body, each after a pause."""
        self.together = threading.Barrier(1, timeout=PATIENCE_SECONDS)
        """Nobody is answered before so many have asked."""
        self.asked: list[tuple[str, str | None, Any]] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        sent = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        self.asked.append((handler.path, handler.headers["authorization"], sent))
        self.together.wait()
        handler.send_response(self.status)
        handler.end_headers()
        for _ in range(self.drips):
            time.sleep(self.pause_seconds)
            handler.wfile.write(b" ")
        if not self.drips:
            time.sleep(self.pause_seconds)
        handler.wfile.write(self.body)


def said(text: Any) -> bytes:
    """The body of an answer that says this."""
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


@pytest.fixture
def chat() -> Iterator[tuple[Chat, str]]:
    """A chat server and its base URL."""
    chat = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(OSError):  # whoever asked has gone
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


def rewritten(url: str, *queries: str, key: str = "", patience: float = PATIENCE_SECONDS) -> list[str]:
    settings = Settings(chat_url=url, chat_model="tiny", chat_api_key=SecretStr(key), chat_timeout_seconds=patience)
    rewriter = query_rewriting.build(settings)
    try:
        return rewriter.rewrite(queries)
    finally:
        rewriter.close()


def test_without_a_chat_url_nothing_is_asked() -> None:
    rewriter = query_rewriting.build(Settings(chat_url=""))

    assert isinstance(rewriter, Unchanged)
    assert rewriter.rewrite(["a", "b"]) == ["a", "b"]


def test_a_query_is_sent_and_the_answer_used(chat: tuple[Chat, str]) -> None:
    server, url = chat

    assert rewritten(url, "wot is dis", key="secret") == ["better words"]

    [(path, key, body)] = server.asked
    assert (path, key, body["model"]) == ("/v1/chat/completions", "Bearer secret", "tiny")
    assert body["messages"][-1] == {"role": "user", "content": "wot is dis"}


def test_without_a_key_none_is_sent(chat: tuple[Chat, str]) -> None:
    server, url = chat

    rewritten(url + "/", "x")

    assert server.asked[0][:2] == ("/v1/chat/completions", None)


def test_several_queries_are_asked_at_once(chat: tuple[Chat, str]) -> None:
    server, url = chat
    server.together = threading.Barrier(8, timeout=PATIENCE_SECONDS)

    assert rewritten(url, *map(str, range(8))) == ["better words"] * 8

    assert len(server.asked) == 8


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("  tide\n tables ", "tide tables"),
        ('"tide tables"', "tide tables"),
        ("<think>What is asked?\n</think>\n\ntide tables", "tide tables"),
        ("tide\0tables \ud800", "tide tables ?"),
    ],
)
def test_an_answer_is_made_a_query(chat: tuple[Chat, str], text: str, query: str) -> None:
    server, url = chat
    server.body = said(text)

    assert rewritten(url, "x") == [query]


@pytest.mark.parametrize(
    "body",
    [
        said(""), said("  "), said(None), said(5), said("x " * 1_000), b"", b"{", b"[]", b"null", b"\xff", b"[" * 200_000,
        b'{"choices":[]}', b'{"choices":[{}]}', b'{"choices":{"0":1}}', b" " * 1_000_000,
    ],
)  # fmt: skip
def test_an_answer_that_is_none_leaves_the_query(chat: tuple[Chat, str], body: bytes) -> None:
    server, url = chat
    server.body = body

    assert rewritten(url, "as it was") == ["as it was"]


@pytest.mark.parametrize("status", [301, 400, 401, 429, 500, 503])
def test_a_refusal_leaves_the_query(chat: tuple[Chat, str], status: int) -> None:
    server, url = chat
    server.status = status

    assert rewritten(url, "as it was") == ["as it was"]


@pytest.mark.parametrize("drips", [0, 100])
def test_a_slow_server_is_given_up_in_time(chat: tuple[Chat, str], drips: int) -> None:
    server, url = chat
    server.drips = drips
    server.pause_seconds = SHORT_SECONDS / 4 if drips else 2 * SHORT_SECONDS

    started = time.monotonic()
    answer = rewritten(url, "as it was", "this too", patience=SHORT_SECONDS)

    assert answer == ["as it was", "this too"]
    assert time.monotonic() - started < PATIENCE_SECONDS, "a drip of 10 s is not waited for"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "nonsense", "http://[", "ftp://127.0.0.1", "http://\0"])
def test_a_server_that_is_not_there_leaves_the_query(url: str) -> None:
    assert rewritten(url, "as it was") == ["as it was"]


def test_a_key_that_cannot_be_sent_leaves_the_query(chat: tuple[Chat, str]) -> None:
    assert rewritten(chat[1], "as it was", key="schlüssel\n") == ["as it was"]


def test_a_text_that_is_no_question_is_not_sent(chat: tuple[Chat, str]) -> None:
    server, url = chat
    long = "x" * (query_rewriting.LONGEST_QUERY + 1)

    assert rewritten(url, long) == [long]

    assert server.asked == []


def test_a_closed_rewriter_may_be_used_again(chat: tuple[Chat, str]) -> None:
    rewriter = ChatRewriter(Settings(chat_url=chat[1], chat_timeout_seconds=PATIENCE_SECONDS))
    rewriter.close()

    assert rewriter.rewrite(["x"]) == ["better words"]

    rewriter.close()
    assert rewriter.rewrite([]) == []
    rewriter.close()
