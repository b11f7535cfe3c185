"""Embedders: the `Embedder` protocol, its local and remote implementation, and the windows of long chunks.

`build` chooses the implementation. `minilm` builds the local model's file.
Vectors are written to and searched in `ingest/steps/index`; breakers and retries of whole files are the jobs' affair.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

import numpy as np

from ingest.config import Settings
from ingest.config.model_folder import ModelFolder
from ingest.steps.vectors import Vectors

MAX_PARTS: Final = 8
"""How many parts of a text a local model reads: 2,400 wordpieces with MiniLM, about 10 KB of prose, in 0.2 s of a core.

The windows of ordinary text are one or two parts. A run of one sign has up to 64 wordpieces a cl100k_base token: without a
bound, 1 MB of dots is 3,360 parts (it took 246 s), and a query of 32 KB of punctuation 110, longer than a request may take.
"""

MAX_SEARCH_PARTS: Final = 32
"""Parts of all queries of a search: 1 s of a core. Sixteen queries of 2 KB of prose have as many."""

_Part = TypeVar("_Part")


def always_wanted() -> bool:
    """Return true: the default of `still_wanted`, for work that nobody can cancel."""
    return True


class Embedder(Protocol):
    """Turns texts into vectors of one length. Safe to use from several threads.

    It may be created before a fork, but is used in one process: the first text loads the model or opens a connection.
    """

    @property
    def model(self) -> str:
        """Name of the model; the collection's name contains it."""
        ...

    @property
    def window_tokens(self) -> int | None:
        """Length of the windows to embed, in cl100k_base tokens; None if every chunk fits the model whole."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of the vectors. The first access may send a request; raises DependencyDown if that fails."""
        ...

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always_wanted) -> list[Vectors]:
        """Return one array (k, dimensions) for each text, with k >= 1 rows of length 1.

        A text longer than the model's context is embedded in k > 1 parts, or gets the mean of its parts if
        `window_tokens` is None. A local model reads at most MAX_PARTS of them, spread evenly over the text. Raises Abandoned soon after `still_wanted()` turns false, DependencyDown
        if a retry can help, and FileError if the model refuses one of the texts.
        """
        ...

    def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
        """Return one row (dimensions,) of length 1: the mean of the parts for a query longer than the context.

        At most `max_parts` of them are read, spread evenly over the query.
        """
        ...

    def close(self) -> None:
        """Release connections and memory."""
        ...


def build(settings: Settings, attempts: int = 3) -> Embedder:
    """Return the embedder of a URL or of a model's folder if one is set, else the local one.

    Nothing is loaded or requested yet. `attempts` bounds the tries of one request. Raises Refused if the folder cannot be
    used, or if the settings name another model than the local one without a URL or a folder.
    """
    # Imported here, so that a service with a remote model never loads ONNX Runtime.
    if settings.embedding_url:
        from ingest.steps.embed.remote import RemoteEmbedder

        return RemoteEmbedder(settings, attempts=attempts)
    if settings.embedding_model_path is not None:
        from ingest.steps.embed.folder import FolderEmbedder

        return FolderEmbedder(settings)
    from ingest.steps.embed.local import LocalEmbedder

    return LocalEmbedder(settings)


def check_folders(settings: Settings) -> None:
    """Load each model that is in a folder of the settings, and embed a word with it. Raises Refused if that fails."""
    for name, model in settings.models.items():
        if model.model_path is not None:
            from ingest.steps.embed.folder import FolderEmbedder

            embedder = FolderEmbedder(settings.embedding_with(name))
            embedder.check()
            embedder.close()


def folder_bytes(settings: Settings) -> int:
    """Return the size of all graphs that are in folders of the settings."""
    paths = [model.model_path for model in settings.models.values()]
    return sum(ModelFolder(path).graph_bytes() for path in paths if path is not None)


def parts_of_each(queries: int) -> int:
    """Return how many parts are read of each of several queries of one search."""
    return max(2, min(MAX_PARTS, MAX_SEARCH_PARTS // max(1, queries)))


def spread_parts(parts: Sequence[_Part], max_parts: int = MAX_PARTS) -> Sequence[_Part]:
    """Return all parts, or `max_parts` (at least 2) of them at even distances, from the first to the last."""
    if len(parts) <= max_parts:
        return parts
    return [parts[i * (len(parts) - 1) // (max_parts - 1)] for i in range(max_parts)]


def mean_vector(rows: Vectors) -> Vectors:
    """Return the mean of the rows (k, dimensions), scaled to length 1."""
    row: Vectors = normalize(rows.mean(axis=0, keepdims=True))[0]
    return row


def normalize(rows: Vectors) -> Vectors:
    """Return the rows (k, dimensions) scaled to length 1; rows of zeros stay as they are."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Vectors = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled
