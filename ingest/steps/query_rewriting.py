"""Queries as a chat model would put them, for `rewrite_query` (contract section 7). A failure leaves them as they are."""

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

LONGEST_QUERY = 8_000
"""Characters. What is longer is no question that could be put better."""

LONGEST_ANSWER = 1_000
"""Characters. A model that says more did not rewrite the query but answered it."""

LONGEST_BODY = 256 * 1024

AT_ONCE = 16
"""Requests to the chat server; as many as a search may have queries."""

INSTRUCTION = (
    "Rewrite the user's search query so that it finds the right passages in a document search that compares meaning "
    "and words. Keep names, numbers, codes and the language. Do not answer it. Reply with the rewritten query only."
)

_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)

_log = logs.get(__name__)


class Rewriter(Protocol):
    """Puts queries into better words."""

    def rewrite(self, queries: Sequence[str]) -> list[str]:
        """One for each, in their order; the same where it cannot be done. Raises nothing."""

    def close(self) -> None:
        """Let go of connections."""


def build(settings: Settings) -> Rewriter:
    """The rewriter that the settings ask for."""
    return ChatRewriter(settings) if settings.chat_url else Unchanged()


class Unchanged:
    """No chat model is configured: every query stays as it is."""

    def rewrite(self, queries: Sequence[str]) -> list[str]:
        return list(queries)

    def close(self) -> None:
        pass


class ChatRewriter:
    """Asks an OpenAI-compatible server, for all queries at once, and never waits longer than the settings say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rewrite(self, queries: Sequence[str]) -> list[str]:
        deadline = time.monotonic() + self._settings.chat_timeout_seconds
        asked = [self._pool.submit(self._rewritten, query, deadline) for query in queries]
        # A server that sends a byte now and then is given up here; its thread ends soon after the deadline.
        done, late = wait(asked, timeout=self._settings.chat_timeout_seconds)
        for future in late:
            future.cancel()
        if late:
            _log.warning("query_not_rewritten", queries=len(late), reason="no answer in time")
        return [future.result() if future in done else query for future, query in zip(asked, queries, strict=True)]

    def close(self) -> None:
        made = vars(self)
        if "_pool" in made:
            made.pop("_pool").shutdown(wait=False, cancel_futures=True)
        if "_client" in made:
            made.pop("_client").close()

    def _rewritten(self, query: str, deadline: float) -> str:
        if len(query) > LONGEST_QUERY:
            return query
        try:
            return _text(self._ask(query, deadline))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, RecursionError) as exc:
            _log.warning("query_not_rewritten", queries=1, reason=f"{type(exc).__name__}: {exc}"[:300])
            return query

    def _ask(self, query: str, deadline: float) -> Any:
        patience = deadline - time.monotonic()
        if patience <= 0:
            raise ValueError("no time left to ask")
        messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": query}]
        body = {"model": self._settings.chat_model, "messages": messages}
        url = self._settings.chat_url.rstrip("/") + "/chat/completions"
        received = bytearray()
        with self._client.stream("POST", url, json=body, timeout=patience) as response:
            for block in response.iter_bytes():
                received += block
                if len(received) > LONGEST_BODY:
                    raise ValueError("the answer is too long")
                if time.monotonic() > deadline:
                    raise ValueError("the answer took too long")
            response.raise_for_status()
        return json.loads(received)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="rewrite")

    @cached_property
    def _client(self) -> httpx.Client:
        key = self._settings.chat_api_key.get_secret_value()
        return httpx.Client(headers={"Authorization": f"Bearer {key}"} if key else {})


def _text(answer: Any) -> str:
    """The query in a chat server's answer. Raises ValueError if there is none."""
    try:
        said = answer["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError) as exc:
        raise ValueError("the answer holds no message") from exc
    if not isinstance(said, str):
        raise ValueError("the message holds no text")  # noqa: TRY004 - it is the server's answer, not our caller's
    whole = said.encode(errors="replace").decode().replace("\0", " ")
    words = " ".join(_THOUGHTS.sub(" ", whole).split()).strip("\"'`“”").strip()
    if not words:
        raise ValueError("the message is empty")
    if len(words) > LONGEST_ANSWER:
        raise ValueError("the message is too long for a query")
    return words
