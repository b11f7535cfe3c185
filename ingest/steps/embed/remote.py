"""`RemoteEmbedder`: a model behind OpenAI's embeddings route.

Texts go out in batches. If the server refuses or fails at a batch, halving finds the text that is the cause, so that
one bad file does not stop the others.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import ceil

import numpy as np

from ingest.config import Settings
from ingest.errors import DependencyDown, FileError, InvalidFile
from ingest.net.http_pool import HttpPool
from ingest.steps.chunk import Tokens
from ingest.steps.embed import MAX_PARTS, always_wanted, mean_vector, spread_parts
from ingest.steps.embed.client import EmbeddingClient, InputRefused, RequestFailed
from ingest.steps.embed.windows import MAX_CHUNK_TOKENS
from ingest.steps.vectors import Vectors

_BATCH_CHARACTERS = 250_000  # OpenAI accepts 300,000 tokens a request; a Chinese character is about one token
_BLANK_TEXT = "."  # stands for a text of whitespace, which many servers refuse
_PROBE_TEXT = "word"
_FAILURE_ROUNDS = 3  # rounds of attempts for a single text at which the server fails
_FAILURE_PAUSE_SECONDS = 2.0


class RemoteEmbedder:
    """Embeds over HTTP. `attempts` bounds the tries of one request; tests give `pool` and `sleep`."""

    def __init__(
        self,
        settings: Settings,
        pool: HttpPool | None = None,
        sleep: Callable[[float], object] = time.sleep,
        attempts: int = 3,
    ) -> None:
        self.model = settings.embedding_model
        self._settings = settings
        self._client = EmbeddingClient(settings, pool, sleep)
        self._sleep = sleep
        self._attempts = attempts
        # The model may count more tokens than cl100k_base does, above all outside English.
        self._max_tokens = settings.embedding_context_tokens * 7 // 8

    @property
    def window_tokens(self) -> int | None:
        return None if self._settings.embedding_context_tokens >= MAX_CHUNK_TOKENS else self._max_tokens

    @property
    def dimensions(self) -> int:
        if not self._client.dimensions:
            self._client.embed([_PROBE_TEXT], always_wanted, self._attempts)
        return self._client.dimensions

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always_wanted) -> list[Vectors]:
        text_of_part: list[int] = []
        parts: list[str] = []
        for number, text in enumerate(texts):
            for part in self._split_to_fit(text):
                text_of_part.append(number)
                parts.append(part if part.strip() else _BLANK_TEXT)
        rows: list[list[Vectors]] = [[] for _ in texts]
        for batch in _batches(parts, self._settings.embedding_batch_inputs):
            vectors = self._embed_batch(parts[batch.start : batch.stop], still_wanted, self._attempts)
            for number, vector in zip(text_of_part[batch.start : batch.stop], vectors, strict=True):
                rows[number].append(vector)
        arrays = [np.concatenate(of_text) for of_text in rows]
        if self.window_tokens is None:  # the collection takes one row per chunk; only extreme texts have more
            return [mean_vector(array)[None] if len(array) > 1 else array for array in arrays]
        return arrays

    def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
        parts = spread_parts(self._split_to_fit(text), max_parts)
        return mean_vector(np.concatenate(self.embed(parts)))

    def close(self) -> None:
        self._client.close()

    def _split_to_fit(self, text: str) -> list[str]:
        """Return the text whole, or in equal parts that fit the model's context."""
        if len(text) * 4 <= self._max_tokens or len(text.encode("utf-8", "replace")) <= self._max_tokens:
            return [text]  # no token is shorter than a byte
        tokens = Tokens.from_text(text)
        return _split(tokens, max(1, ceil(len(tokens) / self._max_tokens)))

    def _embed_batch(self, batch: list[str], still_wanted: Callable[[], bool], attempts: int) -> list[Vectors]:
        """Return one array (k, dimensions) for each text.

        A refused batch is halved until one text is left. A batch at which the server fails is halved too, as long as
        the server answers a probe.
        """
        try:
            return [row[None] for row in self._client.embed(batch, still_wanted, attempts)]
        except InputRefused as refused:
            if len(batch) == 1:
                return [self._embed_refused_text(batch[0], refused, still_wanted)]
            half_attempts = attempts
        except RequestFailed as failed:
            if self._attempts == 1:  # a request is waiting for the answer
                raise
            self._probe(failed)
            if len(batch) == 1:
                return [self._embed_failing_text(batch[0], failed, still_wanted)]
            half_attempts = 1  # the batch was retried as a whole; the halves only locate the text
        middle = len(batch) // 2
        return [
            vectors
            for half in (batch[:middle], batch[middle:])
            for vectors in self._embed_batch(half, still_wanted, half_attempts)
        ]

    def _embed_refused_text(self, text: str, refused: InputRefused, still_wanted: Callable[[], bool]) -> Vectors:
        """Embed a text that the server refused on its own in two halves, if it was refused for its length.

        Raises InvalidFile if it cannot be halved, FileError if it was refused for another reason.
        """
        tokens = Tokens.from_text(text)
        if refused.is_too_long and len(tokens) > 1:
            parts = _split(tokens, 2)
            if parts != [text]:
                return np.concatenate([self._embed_batch([part], still_wanted, self._attempts)[0] for part in parts])
        self._probe(refused)
        if refused.is_too_long:
            raise InvalidFile(f"The embedding model says a part of the text is too long: {refused}") from refused
        raise FileError(f"The embedding model refused a part of the text: {refused}") from refused

    def _embed_failing_text(self, text: str, failed: RequestFailed, still_wanted: Callable[[], bool]) -> Vectors:
        """Retry a text at which the server fails while it answers others. Raises FileError after the last round."""
        for _ in range(_FAILURE_ROUNDS - 1):
            self._sleep(_FAILURE_PAUSE_SECONDS)
            try:
                return self._client.embed([text], still_wanted, self._attempts)
            except InputRefused as refused:
                return self._embed_refused_text(text, refused, still_wanted)
            except RequestFailed as exc:
                failed = exc
            self._probe(failed)
        raise FileError(f"The embedding model fails at a part of the text, but not at others ({failed}).") from failed

    def _probe(self, trouble: Exception) -> None:
        """Embed a plain word. Raises DependencyDown if that fails too: the server is at fault and not the text."""
        try:
            self._client.embed([_PROBE_TEXT], always_wanted, attempts=1)
        except InputRefused:
            raise DependencyDown("embedder", f"refuses every text, check its settings: {trouble}") from trouble


def _split(tokens: Tokens, count: int) -> list[str]:
    edges = [len(tokens) * i // count for i in range(count + 1)]
    parts = [tokens.text(start, end) for start, end in pairwise(edges)]
    return [part for part in parts if part.strip()] or [_BLANK_TEXT]


def _batches(texts: Sequence[str], max_texts: int) -> Iterator[range]:
    start, characters = 0, 0
    for end, text in enumerate(texts):
        if end > start and (end - start == max_texts or characters + len(text) > _BATCH_CHARACTERS):
            yield range(start, end)
            start, characters = end, 0
        characters += len(text)
    if start < len(texts):
        yield range(start, len(texts))
