"""Rewrites search queries with a chat model, for `rewrite_query` (deploy/docs/api-contract.md section 7).

Rewriting is best effort: after any failure the query stays as the client sent it.
"""

import json
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cached_property
from typing import Any, Protocol

import httpx

from ingest.config import Settings
from ingest.observability import logs

MAX_QUERY_CHARACTERS = 8_000
"""Longer queries are not sent: they are texts and not questions."""

MAX_REWRITTEN_CHARACTERS = 1_000
"""Longer messages are not used: the model answered the query instead of rewriting it."""

MAX_RESPONSE_BYTES = 256 * 1024

MAX_CONCURRENT_REQUESTS = 16
"""As many as a search may have queries."""

INSTRUCTION = (
    "Rewrite the user's search query so that it finds the right passages in a document search that compares meaning "
    "and words. Keep names, numbers, codes and the language. Do not answer it. Reply with the rewritten query only."
)

_REASONING = re.compile(r"<think>.*?</think>", re.DOTALL)

_log = logs.get(__name__)


class Rewriter(Protocol):
    """Rewrites search queries."""

    def rewrite(self, queries: Sequence[str]) -> list[str]:
        """Return one query for each, in order; a query that cannot be rewritten is returned as it is. Raises nothing."""

    def close(self) -> None:
        """Close the connections."""


def build_rewriter(settings: Settings) -> Rewriter:
    """Return the rewriter that the settings ask for."""
    return ChatRewriter(settings) if settings.chat_url else NoRewriter()


class NoRewriter:
    """Returns every query as it is, when no chat model is configured."""

    def rewrite(self, queries: Sequence[str]) -> list[str]:
        return list(queries)

    def close(self) -> None:
        pass


class ChatRewriter:
    """Asks an OpenAI-compatible server about all queries concurrently, within `chat_timeout_seconds` in total."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rewrite(self, queries: Sequence[str]) -> list[str]:
        deadline = time.monotonic() + self._settings.chat_timeout_seconds
        futures = [self._pool.submit(self._rewrite_one, query, deadline) for query in queries]
        # This also times out for a server that keeps sending single bytes; its thread ends soon after the deadline.
        done, late = wait(futures, timeout=self._settings.chat_timeout_seconds)
        for future in late:
            future.cancel()
        if late:
            _log.warning("query_not_rewritten", queries=len(late), reason="no answer in time")
        return [future.result() if future in done else query for future, query in zip(futures, queries, strict=True)]

    def close(self) -> None:
        created = vars(self)  # the cached properties that were used
        if "_pool" in created:
            created.pop("_pool").shutdown(wait=False, cancel_futures=True)
        if "_client" in created:
            created.pop("_client").close()

    def _rewrite_one(self, query: str, deadline: float) -> str:
        if len(query) > MAX_QUERY_CHARACTERS:
            return query
        try:
            return _query_in(self._request(query, deadline))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, RecursionError) as exc:
            _log.warning("query_not_rewritten", queries=1, reason=f"{type(exc).__name__}: {exc}"[:300])
            return query

    def _request(self, query: str, deadline: float) -> Any:
        seconds_left = deadline - time.monotonic()
        if seconds_left <= 0:
            raise ValueError("no time left to ask")
        messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": query}]
        body = {"model": self._settings.chat_model, "messages": messages}
        url = self._settings.chat_url.rstrip("/") + "/chat/completions"
        received = bytearray()
        with self._client.stream("POST", url, json=body, timeout=seconds_left) as response:
            for block in response.iter_raw():  # a packed answer is no JSON: what it unpacks to would have no bound
                received += block
                if len(received) > MAX_RESPONSE_BYTES:
                    raise ValueError("the answer is too long")
                if time.monotonic() > deadline:
                    raise ValueError("the answer took too long")
            response.raise_for_status()
        return json.loads(received)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS, thread_name_prefix="rewrite")

    @cached_property
    def _client(self) -> httpx.Client:
        key = self._settings.chat_api_key.get_secret_value()
        authorization = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(headers={"Accept-Encoding": "identity", **authorization})


def _query_in(answer: Any) -> str:
    """Return the query in a chat server's answer. Raises ValueError if there is none."""
    try:
        message = answer["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError) as exc:
        raise ValueError("the answer holds no message") from exc
    if not isinstance(message, str):
        raise ValueError("the message holds no text")  # noqa: TRY004 - the answer is wrong and not the caller's type
    text = message.encode(errors="replace").decode().replace("\0", " ")
    query = " ".join(_REASONING.sub(" ", text).split()).strip("\"'`“”").strip()
    if not query:
        raise ValueError("the message is empty")
    if len(query) > MAX_REWRITTEN_CHARACTERS:
        raise ValueError("the message is too long for a query")
    return query
