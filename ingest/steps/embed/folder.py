"""`FolderEmbedder`: any sentence-transformers model in a folder, on ONNX Runtime in this process."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from ingest.config import Settings
from ingest.config.model_folder import UnusableFolder
from ingest.config.sentence_model import SentenceModel, read_sentence_model
from ingest.errors import Abandoned, DependencyDown, Refused
from ingest.runtime import cancellation
from ingest.steps.embed import MAX_PARTS, always_wanted, mean_vector, normalize, spread_parts
from ingest.steps.embed.onnx_folder import OnnxFolder
from ingest.steps.embed.windows import MAX_CHUNK_TOKENS
from ingest.steps.vectors import Vectors

# A model's tokenizer makes 1.2 pieces of prose of a cl100k_base token (WordPiece, unigram), of tables and code up to 1.5.
_WINDOW_SHARE = 2 / 3
_MIN_WINDOW_TOKENS = 16
_MIN_PART_PIECES = 8
_CHARACTERS_OF_PREFIX_TOKEN = 2  # at least: the window is planned before the tokenizer is loaded
_WINDOWS_BETWEEN_CHECKS = 4
_FINGERPRINT = re.compile(r"@([0-9a-f]{12})$")
_BLANK_TEXT = "."  # stands for a text without a piece, if the model has no special tokens either
_PROBE_TEXT = "word"


class FolderEmbedder:
    """Embeds in this process, one text at a time. The first text loads the tokenizer and the graph.

    Raises Refused for a folder that cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.embedding_model_path is None:
            raise ValueError("no folder")
        self.model = settings.embedding_model
        self._path = settings.embedding_model_path
        self._wanted_dimensions = settings.embedding_dimensions
        try:
            self.configuration = read_sentence_model(
                self._path, settings.embedding_query_prefix, settings.embedding_passage_prefix
            )
        except UnusableFolder as exc:
            raise Refused(f"INGEST_EMBEDDING_MODEL_PATH: {exc}") from exc

    @property
    def window_tokens(self) -> int | None:
        prefix = len(self.configuration.passage_prefix) // _CHARACTERS_OF_PREFIX_TOKEN
        window = int((self.configuration.context_tokens - prefix) * _WINDOW_SHARE)
        return None if window >= MAX_CHUNK_TOKENS else max(_MIN_WINDOW_TOKENS, window)

    @cached_property
    def dimensions(self) -> int:
        """Length of the vectors. The first access loads the model."""
        return int(self.embed_query(_PROBE_TEXT).shape[0])

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always_wanted) -> list[Vectors]:
        windows_done = 0
        vectors = []
        row_of_part: dict[tuple[int, ...], Vectors] = {}  # the windows of a repeated character are equal
        for text in texts:
            rows = []
            for part in spread_parts(self._loaded.parts(text, self.configuration.passage_prefix)):
                if windows_done % _WINDOWS_BETWEEN_CHECKS == 0 and not still_wanted():
                    raise Abandoned("the file is no longer wanted")
                ids = tuple(part.ids)
                if ids not in row_of_part:
                    row_of_part[ids] = self._row(part)
                rows.append(row_of_part[ids])
                windows_done += 1
            vectors.append(np.concatenate(rows))
        if self.window_tokens is None:  # the collection takes one row per chunk
            return [mean_vector(array)[None] if len(array) > 1 else array for array in vectors]
        return vectors

    def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
        parts = spread_parts(self._loaded.parts(text, self.configuration.query_prefix), max_parts)
        return mean_vector(np.concatenate([self._row(part) for part in parts]))

    def close(self) -> None:
        self.__dict__.pop("_loaded", None)

    def check(self) -> None:
        """Load the model and embed a word. Raises Refused if that fails."""
        try:
            _ = self.dimensions
        except DependencyDown as exc:
            raise Refused(f"INGEST_EMBEDDING_MODEL_PATH: {exc}") from exc

    def _row(self, part: "_Part") -> Vectors:
        """Return the vector (1, dimensions) of a part."""
        cancellation.check()
        try:
            output = self._loaded.run(part.ids)
        except Exception as exc:  # the library has an exception class of its own for each kind of failure
            raise DependencyDown("embedder", f"{self.configuration.graph} failed: {exc}") from exc
        row = normalize(self._pool(output, part).astype(np.float32))
        if row.ndim != 2 or len(row) != 1 or not np.isfinite(row).all() or not row.any():
            raise DependencyDown("embedder", f"{self.configuration.graph} gave no vector: shape {output.shape}")
        if self._wanted_dimensions not in (0, row.shape[1]):
            found = f"{row.shape[1]} dimensions, not {self._wanted_dimensions} (INGEST_EMBEDDING_DIMENSIONS)"
            raise DependencyDown("embedder", f"the model in {self._path} has {found}")
        return row

    def _pool(self, output: Vectors, part: "_Part") -> Vectors:
        pooling = self.configuration.pooling
        if pooling == "none" or output.ndim != 3:
            return output
        if pooling == "cls":
            return output[:, 0]
        if pooling == "lasttoken":
            return output[:, -1]
        pooled = output if self.configuration.pools_prefix else output[:, part.prefix_pieces :]
        pooled = pooled if pooled.shape[1] else output
        row: Vectors = pooled.max(axis=1) if pooling == "max" else pooled.mean(axis=1, dtype=np.float32)
        return row

    @cached_property
    def _loaded(self) -> "_LoadedModel":
        try:
            named = _FINGERPRINT.search(self.model)
            if named is not None and named[1] != self.configuration.fingerprint():
                raise UnusableFolder(f"the files of {self._path} changed since the service started: restart it")
            return _LoadedModel.load(self._path, self.configuration)
        except UnusableFolder as exc:
            raise DependencyDown("embedder", str(exc)) from exc


@dataclass(frozen=True)
class _Part:
    """The pieces of a part of a text, with those of the special tokens and the prefix."""

    ids: list[int]
    prefix_pieces: int
    """How many of them come before the text."""


class _LoadedModel:
    """A tokenizer and a graph in memory."""

    def __init__(self, tokenizer: Any, session: Any, configuration: SentenceModel) -> None:
        self._tokenizer = tokenizer
        self._session = session
        self._configuration = configuration
        self._types = {i.name: np.int32 if i.type == "tensor(int32)" else np.int64 for i in session.get_inputs()}
        self._leading, self._trailing = _special_tokens(tokenizer)

    @classmethod
    def load(cls, path: Path, configuration: SentenceModel) -> "_LoadedModel":
        """Load the files. Raises UnusableFolder."""
        folder = OnnxFolder(path)
        return cls(folder.load_tokenizer(), folder.open_session(), configuration)

    def parts(self, text: str, prefix: str) -> list[_Part]:
        """Return the text whole, or in equal parts that fit the model, each with special tokens and the prefix."""
        encoding = self._tokenizer.encode(prefix + text, add_special_tokens=False)
        ids = encoding.ids
        # A piece may join the space at the end of the prefix with the first word of the text: it belongs to the text.
        prefix_end = len(prefix.rstrip())
        of_prefix = next((i for i, (_, end) in enumerate(encoding.offsets) if end > prefix_end), len(ids))
        head, body = [*self._leading, *ids[:of_prefix]], ids[of_prefix:]
        room = self._configuration.context_tokens - len(head) - len(self._trailing)
        if room < _MIN_PART_PIECES:
            context = self._configuration.context_tokens
            raise DependencyDown("embedder", f"the prefix leaves no room in the model's context of {context} tokens")
        count = max(1, ceil(len(body) / room))
        edges = [len(body) * i // count for i in range(count + 1)]
        parts = [_Part([*head, *body[start:end], *self._trailing], len(head)) for start, end in pairwise(edges)]
        return parts if parts[0].ids or text == _BLANK_TEXT else self.parts(_BLANK_TEXT, prefix)

    def run(self, ids: list[int]) -> Vectors:
        """Return the chosen output for one text of the given pieces."""
        values = {"input_ids": ids, "attention_mask": [1] * len(ids), "token_type_ids": [0] * len(ids)}
        inputs = {name: np.array([values[name]], kind) for name, kind in self._types.items()}
        output: Vectors = self._session.run([self._configuration.output], inputs)[0]
        return output


def _special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return the special tokens that the tokenizer adds before and after a text."""
    encoding = tokenizer.encode(_PROBE_TEXT)
    of_text = [i for i, is_special in enumerate(encoding.special_tokens_mask) if not is_special]
    if not of_text:
        return list(encoding.ids), []
    return list(encoding.ids[: of_text[0]]), list(encoding.ids[of_text[-1] + 1 :])
