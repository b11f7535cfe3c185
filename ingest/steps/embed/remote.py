"""A remote model behind OpenAI's embeddings route: batched, checked, patient with a busy server."""

import base64
import binascii
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from math import ceil
from typing import Any, NoReturn

import numpy as np
import orjson

from ingest.config import Settings
from ingest.errors import Abandoned, DependencyDown, FileError, InvalidFile
from ingest.net.http_pool import Answer, BadAddress, HttpPool, NoAnswer
from ingest.steps.chunk import Tokens
from ingest.steps.embed import Vectors, always, mean, unit

_WHOLE_CHUNK_TOKENS = 4096  # the API's longest chunk
_BATCH_CHARACTERS = 250_000  # OpenAI takes 300,000 tokens a request; a Chinese character is about one
_CONNECT_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 5.0  # a longer wait is the queue's business: the worker takes another file meanwhile
_LONGEST_RETRY_AFTER_SECONDS = 3600.0  # a server's slip (a wrong clock) must not park a file for good
_BLANK = "."  # stands for a text of whitespace, which many servers refuse
_PROBE = "word"
_EXCERPT_CHARACTERS = 300
_ROUNDS = 3  # of the usual tries, for a text at which the server fails while it answers for others
_ROUND_PAUSE_SECONDS = 2.0
_AWAY = (502, 503, 504)  # said by or about a server that is not there at the moment, whatever it was asked
_TOO_LONG = ("context length", "context window", "too long", "too many tokens", "maximum", "must have less than")


class RemoteEmbedder:
    """Embeds over HTTP. `pool` and `sleep` are for tests."""

    def __init__(
        self,
        settings: Settings,
        pool: HttpPool | None = None,
        sleep: Callable[[float], object] = time.sleep,
        attempts: int = 3,
    ) -> None:
        self.model = settings.embedding_model
        self._settings = settings
        self._pool = pool or _pool(settings)
        self._sleep = sleep
        self._attempts = attempts
        self._known_dimensions = settings.embedding_dimensions
        self._base64 = True
        # The model may count more tokens than cl100k_base does, most of all outside English.
        self._longest = settings.embedding_context_tokens * 7 // 8

    @property
    def window_tokens(self) -> int | None:
        return None if self._settings.embedding_context_tokens >= _WHOLE_CHUNK_TOKENS else self._longest

    @property
    def dimensions(self) -> int:
        if not self._known_dimensions:
            self._answer([_PROBE], always)
        return self._known_dimensions

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always) -> list[Vectors]:
        owners: list[int] = []
        parts: list[str] = []
        for owner, text in enumerate(texts):
            for part in self._parts(text):
                owners.append(owner)
                parts.append(part if part.strip() else _BLANK)
        rows: list[list[Vectors]] = [[] for _ in texts]
        for batch in _batches(parts, self._settings.embedding_batch_inputs):
            vectors = self._vectors(parts[batch.start : batch.stop], still_wanted)
            for owner, vector in zip(owners[batch.start : batch.stop], vectors, strict=True):
                rows[owner].append(vector)
        found = [np.concatenate(of_text) for of_text in rows]
        if self.window_tokens is None:  # the collection has room for one row; only freak texts have more
            return [mean(of_text)[None] if len(of_text) > 1 else of_text for of_text in found]
        return found

    def embed_query(self, text: str) -> Vectors:
        return mean(self.embed([text])[0])

    def close(self) -> None:
        self._pool.close()

    def _parts(self, text: str) -> list[str]:
        """The text whole, or in equal parts that the model takes."""
        if len(text) * 4 <= self._longest or len(text.encode("utf-8", "replace")) <= self._longest:
            return [text]  # no token is shorter than a byte
        tokens = Tokens.of(text)
        return _split(tokens, max(1, ceil(len(tokens) / self._longest)))

    def _vectors(self, batch: list[str], still_wanted: Callable[[], bool], attempts: int = 0) -> list[Vectors]:
        """One array (k, dimensions) for each text of the batch; a refused batch is halved until one text is left.

        So is one at which the server fails, as long as it answers for a plain word: the others shall not suffer.
        """
        try:
            return [row[None] for row in self._answer(batch, still_wanted, attempts)]
        except _RefusedInput as refused:
            if len(batch) == 1:
                return [self._halves(batch[0], refused, still_wanted)]
        except _Failed as failed:
            if self._attempts == 1:  # somebody waits for the answer
                raise
            self._probe(failed)
            if len(batch) == 1:
                return [self._again(batch[0], failed, still_wanted)]
            attempts = 1  # it was tried enough as a whole: now to find which text it is
        middle = len(batch) // 2
        return [
            vectors
            for half in (batch[:middle], batch[middle:])
            for vectors in self._vectors(half, still_wanted, attempts)
        ]

    def _halves(self, text: str, refused: "_RefusedInput", still_wanted: Callable[[], bool]) -> Vectors:
        """The vectors of a text that the server refused alone, if it is only too long."""
        tokens = Tokens.of(text)
        if refused.too_long and len(tokens) > 1:
            parts = _split(tokens, 2)
            if parts != [text]:
                return np.concatenate([self._vectors([part], still_wanted)[0] for part in parts])
        self._probe(refused)
        if refused.too_long:
            raise InvalidFile(f"The embedding model says a part of the text is too long: {refused}") from refused
        raise FileError(f"The embedding model refused a part of the text: {refused}") from refused

    def _again(self, text: str, failed: "_Failed", still_wanted: Callable[[], bool]) -> Vectors:
        """The vector of a text at which the server failed alone; it gets some more time, but not for ever."""
        for _ in range(_ROUNDS - 1):
            self._sleep(_ROUND_PAUSE_SECONDS)
            try:
                return self._answer([text], still_wanted)
            except _RefusedInput as refused:
                return self._halves(text, refused, still_wanted)
            except _Failed as exc:
                failed = exc
            self._probe(failed)
        raise FileError(f"The embedding model fails at a part of the text, but not at others ({failed}).") from failed

    def _probe(self, trouble: Exception) -> None:
        """Raise DependencyDown if not even a plain word gets a vector: then it is the server's fault, not the text's."""
        try:
            self._answer([_PROBE], always, attempts=1)
        except _RefusedInput:
            raise DependencyDown("embedder", f"refuses every text, check its settings: {trouble}") from trouble

    def _answer(self, texts: list[str], still_wanted: Callable[[], bool], attempts: int = 0) -> Vectors:
        """The rows (len(texts), dimensions), checked and of length 1. Asked so often (or as usual) at most."""
        response = self._post(texts, still_wanted, attempts or self._attempts)
        try:
            rows = _rows(response.json(), len(texts))
        except _NoVector as exc:
            raise _Failed("embedder", f"gave {exc}") from exc
        except _Malformed as exc:
            raise DependencyDown("embedder", f"gave a malformed answer: {exc}") from exc
        except ValueError as exc:
            raise DependencyDown("embedder", "gave an answer that is not JSON") from exc
        if self._known_dimensions and rows.shape[1] != self._known_dimensions:
            raise DependencyDown(
                "embedder", f"gave vectors of {rows.shape[1]} dimensions instead of {self._known_dimensions}"
            )
        self._known_dimensions = rows.shape[1]
        return unit(rows)

    def _post(self, texts: list[str], still_wanted: Callable[[], bool], attempts: int) -> Answer:
        attempt = 1
        while True:
            if not still_wanted():
                raise Abandoned("the file is no longer wanted")
            try:
                response = self._pool.send("POST", orjson.dumps(self._body(texts)))
            except BadAddress as exc:
                raise DependencyDown("embedder", f"INGEST_EMBEDDING_URL is no address to ask: {exc}") from exc
            except NoAnswer as exc:
                problem, wanted_pause = f"no answer ({exc})", None
            else:
                if response.is_success:
                    return response
                if response.status in (400, 422) and self._base64 and "encoding_format" in response.text:
                    self._base64 = False  # an older server: float lists from now on
                    continue
                status = response.status
                if status not in (408, 409, 424, 429) and status < 500:
                    self._refuse(response)
                problem, wanted_pause = f"answered {status}", _retry_after_seconds(response.headers)
                if (
                    attempt >= attempts
                    and wanted_pause is None
                    and (status == 424 or status >= 500)
                    and status not in _AWAY
                ):
                    raise _Failed("embedder", f"{problem}: {self._excerpt(response)}")
            pause = 0.25 * 2**attempt if wanted_pause is None else wanted_pause
            if attempt >= attempts or pause > _LONGEST_PAUSE_SECONDS:
                raise DependencyDown("embedder", problem, retry_after_seconds=wanted_pause)
            self._sleep(pause)
            attempt += 1

    def _refuse(self, response: Answer) -> NoReturn:
        status = response.status
        if status in (400, 413, 422):
            raise _RefusedInput(status, self._excerpt(response))
        if status in (401, 403):  # not what it says: some servers quote the key
            raise DependencyDown("embedder", f"answered {status}: check INGEST_EMBEDDING_API_KEY")
        if status == 404:
            raise DependencyDown("embedder", "answered 404: check INGEST_EMBEDDING_URL and INGEST_EMBEDDING_MODEL")
        raise DependencyDown("embedder", f"answered {status}: {self._excerpt(response)}")

    def _excerpt(self, response: Answer) -> str:
        try:
            text = str(response.json()["error"]["message"])
        except (ValueError, KeyError, TypeError):
            text = response.text
        key = self._settings.embedding_api_key.get_secret_value()
        return (text.replace(key, "...") if key else text)[:_EXCERPT_CHARACTERS]

    def _body(self, texts: list[str]) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.model, "input": texts}
        if self._base64:
            body["encoding_format"] = "base64"  # a quarter of the bytes, and no parsing of numbers
        if self._settings.embedding_send_dimensions and self._settings.embedding_dimensions:
            body["dimensions"] = self._settings.embedding_dimensions
        return body


class _RefusedInput(Exception):
    """The server takes neither this request nor the same one later."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}".strip())
        self.too_long = status == 413 or any(words in text.lower() for words in _TOO_LONG)


class _Failed(DependencyDown):
    """The server is there, but what it was asked made it fail. Perhaps one text does, perhaps all do."""


class _Malformed(Exception):
    """The answer is not one to this request."""


class _NoVector(_Malformed):
    """For some text, numbers that are no vector."""


def _pool(settings: Settings) -> HttpPool:
    key = settings.embedding_api_key.get_secret_value()
    longest = settings.embedding_timeout_seconds
    return HttpPool(
        settings.embedding_url.rstrip("/") + "/embeddings",
        headers={"authorization": f"Bearer {key}"} if key else {},
        timeout_seconds=longest,
        connect_seconds=min(longest, _CONNECT_SECONDS),
    )


def _split(tokens: Tokens, count: int) -> list[str]:
    edges = [len(tokens) * i // count for i in range(count + 1)]
    parts = [tokens.text(start, end) for start, end in pairwise(edges)]
    return [part for part in parts if part.strip()] or [_BLANK]


def _batches(texts: Sequence[str], most: int) -> Iterator[range]:
    start, characters = 0, 0
    for end, text in enumerate(texts):
        if end > start and (end - start == most or characters + len(text) > _BATCH_CHARACTERS):
            yield range(start, end)
            start, characters = end, 0
        characters += len(text)
    if start < len(texts):
        yield range(start, len(texts))


def _rows(answer: Any, count: int) -> Vectors:
    try:
        data = sorted(answer["data"], key=lambda item: item["index"])
        indexes = [item["index"] for item in data]
        vectors = [_vector(item["embedding"]) for item in data]
    except (KeyError, TypeError) as exc:
        raise _Malformed("a field is missing") from exc
    if indexes != list(range(count)):
        raise _Malformed(f"{len(indexes)} vectors for {count} texts, or not the same ones")
    if len({vector.shape for vector in vectors}) != 1 or vectors[0].ndim != 1 or not vectors[0].size:
        raise _Malformed("vectors of different dimensions or none")
    rows = np.stack(vectors)
    if not np.isfinite(rows).all():
        raise _NoVector("a vector with NaN or infinite numbers")
    if not rows.any(axis=1).all():
        raise _NoVector("a vector of zeros")
    return rows


def _vector(embedding: object) -> Vectors:
    if not isinstance(embedding, str):
        try:
            return np.array(embedding, np.float32)
        except ValueError as exc:
            raise _Malformed("a vector that is no list of numbers") from exc
    try:
        return np.frombuffer(base64.b64decode(embedding, validate=True), "<f4").astype(np.float32)
    except (binascii.Error, ValueError) as exc:
        raise _Malformed("a vector that is no base64 of 32-bit numbers") from exc


def _retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        if value.replace(".", "", 1).isdigit():
            return min(float(value), _LONGEST_RETRY_AFTER_SECONDS)
        at = parsedate_to_datetime(value)
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except ValueError:
        return None
    return min(max(0.0, seconds), _LONGEST_RETRY_AFTER_SECONDS)
