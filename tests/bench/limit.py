"""The bare work: read, parse, cut and embed on all cores, with no queue, database, vectors or HTTP API around it.

Done with the service's own steps, or as a script would do it that takes the usual libraries.
"""

import base64
import importlib
import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np

from ingest.config import Settings
from ingest.steps.chunk import Tokens, chunk
from ingest.steps.embed.local import LocalEmbedder
from ingest.steps.embed.windows import windows
from ingest.steps.parse.charset import decode
from ingest.steps.parse.containers import kind_in_zip
from ingest.steps.parse.formats import HANDLERS
from ingest.steps.parse.parsed import clean
from ingest.steps.parse.sniff import HEAD_BYTES, sniff
from tests.bench import usual

Steps = Literal["own", "usual"]

CHUNK_TOKENS, OVERLAP = 800, 400
PATIENCE_SECONDS = 900.0


@dataclass(frozen=True)
class Limit:
    """Seconds on the wall for all files, and of them those in which a core was embedding, on average."""

    files: int
    seconds: float
    embedding_seconds: float

    @property
    def files_per_second(self) -> float:
        return self.files / self.seconds


def measure(paths: Sequence[Path], embedding_url: str | None, steps: Steps) -> Limit:
    """Work through the files with a process a core; with the local model (and own steps) when there is no URL."""
    cores = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    ready, told = context.Barrier(cores + 1), context.Queue()
    parts = [
        context.Process(target=_work, args=(paths[i::cores], embedding_url, steps, ready, told), daemon=True)
        for i in range(cores)
    ]
    for part in parts:
        part.start()
    ready.wait(PATIENCE_SECONDS)
    started = time.perf_counter()
    embedding = [told.get(timeout=PATIENCE_SECONDS) for _ in parts]
    seconds = time.perf_counter() - started
    for part in parts:
        part.join(10)
    return Limit(len(paths), seconds, sum(embedding) / cores)


def _work(paths: Sequence[Path], url: str | None, steps: Steps, ready: Any, told: Any) -> None:
    way: Any = _Local() if url is None else _Remote(url, steps)
    for kind in {path.suffix: path for path in paths}.values():
        way.embed(way.read(kind))  # what is loaded once is not part of the rate
    ready.wait(PATIENCE_SECONDS)
    embedding = 0.0
    for path in paths:
        read = way.read(path)
        started = time.perf_counter()
        way.embed(read)
        embedding += time.perf_counter() - started
    told.put(embedding)


def _tokens(path: Path) -> Tokens:
    data = path.read_bytes()
    kind = sniff(data[:HEAD_BYTES], path.name)
    if kind == "text":
        return Tokens.of(clean(decode(data)))
    module, _, function = HANDLERS[kind_in_zip(path) if kind == "zip" else kind].partition(":")
    return Tokens.of(clean(getattr(importlib.import_module(module), function)(path).text))


class _Remote:
    def __init__(self, url: str, steps: Steps) -> None:
        self._client, self._url = httpx.Client(timeout=60), f"{url}/embeddings"
        self._steps = steps

    def read(self, path: Path) -> list[str]:
        if self._steps == "usual":
            return usual.chunks(path, CHUNK_TOKENS, OVERLAP)
        tokens = _tokens(path)
        return [tokens.text(span.start, span.end) for span in chunk(tokens, CHUNK_TOKENS, OVERLAP)]

    def embed(self, texts: list[str]) -> None:
        answer = self._client.post(self._url, json={"model": "m", "input": texts, "encoding_format": "base64"})
        rows = [np.frombuffer(base64.b64decode(item["embedding"]), "<f4") for item in answer.json()["data"]]
        assert len(rows) == len(texts)


class _Local:
    def __init__(self) -> None:
        self._embedder = LocalEmbedder(Settings())

    def read(self, path: Path) -> Tokens:
        return _tokens(path)

    def embed(self, tokens: Tokens) -> None:
        spans = chunk(tokens, CHUNK_TOKENS, OVERLAP)
        cut = windows(spans, CHUNK_TOKENS, OVERLAP, len(tokens), self._embedder.window_tokens)
        self._embedder.embed([tokens.text(span.start, span.end) for span in cut.spans])
