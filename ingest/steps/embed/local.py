"""The local model: all-MiniLM-L6-v2 on ONNX Runtime, one thread, no network."""

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np

from ingest.config import Settings
from ingest.errors import Abandoned, Refused
from ingest.steps.embed import Vectors, always, mean, minilm

_WINDOW_TOKENS = 200  # of cl100k_base: about 240 wordpieces of prose
# With [CLS] and [SEP]. Sentences were trained up to 256 and the positions below them up to 512: of windows of 200 tokens
# 96 % have at most 256 wordpieces and 99.5 % at most 300, and half a window says less than a slightly long one.
_PART_WORDPIECES = 300
_CLS, _SEP = 101, 102
_ASK_EVERY = 16  # windows, about 0.3 s: how long an abandoned file goes on


class LocalEmbedder:
    """Embeds in this process. The same text always has the same vector, whatever stands beside it."""

    window_tokens: int | None = _WINDOW_TOKENS
    dimensions = minilm.DIMENSIONS
    model = minilm.MODEL

    def __init__(self, settings: Settings) -> None:
        if settings.embedding_model != minilm.MODEL or settings.embedding_dimensions not in (0, minilm.DIMENSIONS):
            raise Refused(
                f"The local model is {minilm.MODEL} with {minilm.DIMENSIONS} dimensions: set INGEST_EMBEDDING_URL for"
                " another, or leave INGEST_EMBEDDING_MODEL and INGEST_EMBEDDING_DIMENSIONS unset."
            )
        self._folders = [settings.models_dir, settings.data / "models"]

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always) -> list[Vectors]:
        done = 0
        vectors = []
        for text in texts:
            rows = []
            for part in _parts(self._tokenizer.encode(text, add_special_tokens=False).ids):
                if done % _ASK_EVERY == 0 and not still_wanted():
                    raise Abandoned("the file is no longer wanted")
                rows.append(self._row(part))
                done += 1
            vectors.append(np.concatenate(rows))
        return vectors

    def embed_query(self, text: str) -> Vectors:
        return mean(self.embed([text])[0])

    def close(self) -> None:
        self.__dict__.pop("_session", None)
        self.__dict__.pop("_tokenizer", None)

    def _row(self, wordpieces: list[int]) -> Vectors:
        ids = np.array([[_CLS, *wordpieces, _SEP]], np.int64)
        row: Vectors = self._session.run(None, {"ids": ids})[0]
        return row

    @cached_property
    def _session(self) -> Any:
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read at import
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1  # one worker process per core does the rest, and a fork loses no threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # the arena and the patterns keep the memory of each length ever seen
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        path = minilm.built(self._folders)
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(minilm.tokenizer_json())
        tokenizer.no_truncation()  # the published file truncates at 128 and pads to it
        tokenizer.no_padding()
        return tokenizer


def _parts(wordpieces: list[int]) -> list[list[int]]:
    """The text whole, or in equal parts that fit."""
    count = max(1, ceil(len(wordpieces) / (_PART_WORDPIECES - 2)))
    edges = [len(wordpieces) * i // count for i in range(count + 1)]
    return [wordpieces[start:end] for start, end in pairwise(edges)]
