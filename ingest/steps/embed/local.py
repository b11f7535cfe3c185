"""`LocalEmbedder`: all-MiniLM-L6-v2 on ONNX Runtime in this process, with one thread and without network."""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np

from ingest.config import Settings
from ingest.errors import Abandoned, Refused
from ingest.runtime import cancellation
from ingest.steps.embed import MAX_PARTS, always_wanted, mean_vector, minilm, spread_parts
from ingest.steps.embed.minilm_graph import DIMENSIONS
from ingest.steps.embed.onnx_folder import open_session
from ingest.steps.vectors import Vectors

_WINDOW_TOKENS = 200  # cl100k_base tokens: about 240 wordpieces of prose
# Including [CLS] and [SEP]. The sentence model was trained on up to 256 wordpieces, its positions on up to 512. Of
# windows of 200 tokens 96 % have at most 256 wordpieces and 99.5 % at most 300. A window of 300 wordpieces gives a
# better vector than its two halves.
_PART_WORDPIECES = 300
_CLS, _SEP = 101, 102
_WINDOWS_BETWEEN_CHECKS = 16  # about 0.3 s: how long work on a file goes on after it is no longer wanted


class LocalEmbedder:
    """Embeds in this process, one text at a time, so that a vector does not depend on the other texts."""

    window_tokens: int | None = _WINDOW_TOKENS
    dimensions = DIMENSIONS
    model = minilm.MODEL

    def __init__(self, settings: Settings) -> None:
        if settings.embedding_model != minilm.MODEL or settings.embedding_dimensions not in (0, DIMENSIONS):
            raise Refused(
                f"The local model is {minilm.MODEL} with {DIMENSIONS} dimensions: set INGEST_EMBEDDING_URL for"
                " another, or leave INGEST_EMBEDDING_MODEL and INGEST_EMBEDDING_DIMENSIONS unset."
            )
        self._folders = [settings.models_dir, settings.data / "models"]

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always_wanted) -> list[Vectors]:
        windows_done = 0
        vectors = []
        row_of_part: dict[tuple[int, ...], Vectors] = {}  # the windows of a repeated character are equal
        for text in texts:
            rows = []
            for part in map(tuple, spread_parts(self._parts(text))):
                if windows_done % _WINDOWS_BETWEEN_CHECKS == 0 and not still_wanted():
                    raise Abandoned("the file is no longer wanted")
                if part not in row_of_part:
                    row_of_part[part] = self._row(part)
                rows.append(row_of_part[part])
                windows_done += 1
            vectors.append(np.concatenate(rows))
        return vectors

    def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
        parts = spread_parts(self._parts(text), max_parts)
        return mean_vector(np.concatenate([self._row(part) for part in parts]))

    def close(self) -> None:
        self.__dict__.pop("_session", None)
        self.__dict__.pop("_tokenizer", None)

    def _parts(self, text: str) -> list[list[int]]:
        return _parts(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _row(self, wordpieces: Sequence[int]) -> Vectors:
        cancellation.check()
        ids = np.array([[_CLS, *wordpieces, _SEP]], np.int64)
        row: Vectors = self._session.run(None, {"ids": ids})[0]
        return row

    @cached_property
    def _session(self) -> Any:
        return open_session(minilm.ensure_model_file(self._folders))

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(minilm.tokenizer_json())
        tokenizer.no_truncation()  # the published tokenizer truncates and pads to 128 wordpieces
        tokenizer.no_padding()
        return tokenizer


def _parts(wordpieces: list[int]) -> list[list[int]]:
    """Return the wordpieces whole, or in equal parts that fit the model."""
    count = max(1, ceil(len(wordpieces) / (_PART_WORDPIECES - 2)))
    edges = [len(wordpieces) * i // count for i in range(count + 1)]
    return [wordpieces[start:end] for start, end in pairwise(edges)]
