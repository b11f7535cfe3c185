"""Requests to OpenAI's embeddings route: encoding, retries with back-off, and what each error status means."""

import time
from collections.abc import Callable
from typing import Any, NoReturn

import orjson

from ingest.config import Settings
from ingest.errors import Abandoned, DependencyDown
from ingest.net.http_pool import HttpPool, InvalidUrl, NoResponse, Response
from ingest.net.retry_after import retry_after_seconds
from ingest.runtime import cancellation
from ingest.runtime.backoff import Backoff
from ingest.steps.embed import normalize
from ingest.steps.embed.response import InvalidVector, MalformedResponse, parse_vectors
from ingest.steps.vectors import Vectors

_CONNECT_SECONDS = 5.0
_RETRY_BACKOFF = Backoff(first_seconds=0.5, longest_seconds=5.0)
_MAX_PAUSE_SECONDS = 5.0  # a longer wait is left to the job queue: the worker takes another file meanwhile
_EXCERPT_CHARACTERS = 300

_RETRYABLE_STATUSES = (408, 409, 424, 429)  # and all from 500
_UNAVAILABLE_STATUSES = (502, 503, 504)  # the server is down, whatever the texts are
_REFUSED_STATUSES = (400, 413, 422)
_TOO_LONG_PHRASES = (
    "context length",
    "context window",
    "too long",
    "too many tokens",
    "maximum",
    "must have less than",
)


class InputRefused(Exception):
    """The server refuses this input, now and later. `is_too_long` says whether it complains about the length."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}".strip())
        self.is_too_long = status == 413 or any(phrase in text.lower() for phrase in _TOO_LONG_PHRASES)


class RequestFailed(DependencyDown):
    """The server is reachable but fails at this request, because of one of its texts or at any request."""


class EmbeddingClient:
    """Sends texts to the server of the settings and returns their vectors; tests give `pool` and `sleep`."""

    def __init__(
        self, settings: Settings, pool: HttpPool | None = None, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._settings = settings
        self._pool = pool or _connect(settings)
        self._sleep = sleep
        self._accepts_base64 = True
        self.dimensions = settings.embedding_dimensions
        """Length of the vectors; 0 until the first answer if it is not configured."""

    def embed(self, texts: list[str], still_wanted: Callable[[], bool], attempts: int) -> Vectors:
        """Return the rows (len(texts), dimensions), of length 1.

        Raises InputRefused; RequestFailed if the server failed at each of the `attempts`; DependencyDown for any other
        trouble; Abandoned if `still_wanted()` is false before an attempt.
        """
        response = self._post(texts, still_wanted, attempts)
        try:
            rows = parse_vectors(response.json(), len(texts))
        except InvalidVector as exc:
            raise RequestFailed("embedder", f"gave {exc}") from exc
        except MalformedResponse as exc:
            raise DependencyDown("embedder", f"gave a malformed answer: {exc}") from exc
        except ValueError as exc:
            raise DependencyDown("embedder", "gave an answer that is not JSON") from exc
        if self.dimensions and rows.shape[1] != self.dimensions:
            raise DependencyDown("embedder", f"gave vectors of {rows.shape[1]} dimensions instead of {self.dimensions}")
        self.dimensions = rows.shape[1]
        return normalize(rows)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _post(self, texts: list[str], still_wanted: Callable[[], bool], attempts: int) -> Response:
        attempt = 1
        while True:
            cancellation.check()
            if not still_wanted():
                raise Abandoned("the file is no longer wanted")
            retry_after = None
            try:
                response = self._pool.send("POST", orjson.dumps(self._body(texts)))
            except InvalidUrl as exc:
                raise DependencyDown("embedder", f"INGEST_EMBEDDING_URL is no address to ask: {exc}") from exc
            except NoResponse as exc:
                problem = f"no answer ({exc})"
            else:
                if response.is_success:
                    return response
                if self._should_drop_base64(response):
                    self._accepts_base64 = False  # an older server: ask for float lists from now on
                    continue
                if response.status not in _RETRYABLE_STATUSES and response.status < 500:
                    self._refuse(response)
                problem, retry_after = f"answered {response.status}", retry_after_seconds(response.headers)
                if attempt >= attempts and retry_after is None and _may_depend_on_input(response.status):
                    raise RequestFailed("embedder", f"{problem}: {self._excerpt(response)}")
            pause = _RETRY_BACKOFF.pause_seconds(attempt - 1) if retry_after is None else retry_after
            if attempt >= attempts or pause > _MAX_PAUSE_SECONDS:
                raise DependencyDown("embedder", problem, retry_after_seconds=retry_after)
            self._sleep(pause)
            attempt += 1

    def _should_drop_base64(self, response: Response) -> bool:
        return response.status in (400, 422) and self._accepts_base64 and "encoding_format" in response.text

    def _refuse(self, response: Response) -> NoReturn:
        status = response.status
        if status in _REFUSED_STATUSES:
            raise InputRefused(status, self._excerpt(response))
        if status in (401, 403):  # without the server's text: some servers quote the key
            raise DependencyDown("embedder", f"answered {status}: check INGEST_EMBEDDING_API_KEY")
        if status == 404:
            raise DependencyDown("embedder", "answered 404: check INGEST_EMBEDDING_URL and INGEST_EMBEDDING_MODEL")
        raise DependencyDown("embedder", f"answered {status}: {self._excerpt(response)}")

    def _excerpt(self, response: Response) -> str:
        try:
            text = str(response.json()["error"]["message"])
        except (ValueError, KeyError, TypeError):
            text = response.text
        key = self._settings.embedding_api_key.get_secret_value()
        return (text.replace(key, "...") if key else text)[:_EXCERPT_CHARACTERS]

    def _body(self, texts: list[str]) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self._settings.embedding_model, "input": texts}
        if self._accepts_base64:
            body["encoding_format"] = "base64"  # a quarter of the bytes, and no parsing of numbers
        if self._settings.embedding_send_dimensions and self._settings.embedding_dimensions:
            body["dimensions"] = self._settings.embedding_dimensions
        return body


def _connect(settings: Settings) -> HttpPool:
    key = settings.embedding_api_key.get_secret_value()
    timeout = settings.embedding_timeout_seconds
    return HttpPool(
        settings.embedding_url.rstrip("/") + "/embeddings",
        headers={"authorization": f"Bearer {key}"} if key else {},
        timeout_seconds=timeout,
        connect_seconds=min(timeout, _CONNECT_SECONDS),
    )


def _may_depend_on_input(status: int) -> bool:
    return (status == 424 or status >= 500) and status not in _UNAVAILABLE_STATUSES
