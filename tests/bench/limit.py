"""Measure the bare work: read, parse, chunk and embed on all cores, without queue, database, vectors or HTTP API.

It runs with the service's own steps, or with the libraries that a short script would use.
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
from ingest.steps.embed.windows import plan_windows
from ingest.steps.parse.charset import decode
from ingest.steps.parse.containers import detect_zip_kind
from ingest.steps.parse.formats import HANDLERS
from ingest.steps.parse.parsed import normalize_text
from ingest.steps.parse.sniff import HEAD_BYTES, sniff
from tests.bench import usual

Steps = Literal["own", "usual"]

CHUNK_TOKENS, OVERLAP = 800, 400
TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True)
class Limit:
    """Wall-clock seconds for all files, and the seconds in which a core was embedding, on average."""

    files: int
    seconds: float
    embedding_seconds: float

    @property
    def files_per_second(self) -> float:
        return self.files / self.seconds


def measure(paths: Sequence[Path], embedding_url: str | None, steps: Steps) -> Limit:
    """Process the files with one process per core; with the local model (and the service's steps) when there is no URL."""
    cores = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(cores + 1), context.Queue()
    parts = [
        context.Process(target=_work, args=(paths[i::cores], embedding_url, steps, ready, results), daemon=True)
        for i in range(cores)
    ]
    for part in parts:
        part.start()
    ready.wait(TIMEOUT_SECONDS)
    started = time.perf_counter()
    embedding = [results.get(timeout=TIMEOUT_SECONDS) for _ in parts]
    seconds = time.perf_counter() - started
    for part in parts:
        part.join(10)
    return Limit(len(paths), seconds, sum(embedding) / cores)


def _work(paths: Sequence[Path], url: str | None, steps: Steps, ready: Any, results: Any) -> None:
    way: Any = _Local() if url is None else _Remote(url, steps)
    for kind in {path.suffix: path for path in paths}.values():
        way.embed(way.read(kind))  # one-time loading is not part of the rate
    ready.wait(TIMEOUT_SECONDS)
    embedding = 0.0
    for path in paths:
        read = way.read(path)
        started = time.perf_counter()
        way.embed(read)
        embedding += time.perf_counter() - started
    results.put(embedding)


def _tokens(path: Path) -> Tokens:
    data = path.read_bytes()
    kind = sniff(data[:HEAD_BYTES], path.name)
    if kind == "text":
        return Tokens.from_text(normalize_text(decode(data)))
    module, _, function = HANDLERS[detect_zip_kind(path) if kind == "zip" else kind].partition(":")
    return Tokens.from_text(normalize_text(getattr(importlib.import_module(module), function)(path).text))


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
        cut = plan_windows(spans, self._embedder.window_tokens or CHUNK_TOKENS)
        self._embedder.embed([tokens.text(span.start, span.end) for span in cut.spans])
