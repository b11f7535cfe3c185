"""Texts to vectors: what every embedder does, and which one the settings ask for."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ingest.config import Settings

Vectors = npt.NDArray[np.float32]


def always() -> bool:
    """The default of `still_wanted`: nobody will change their mind."""
    return True


class Embedder(Protocol):
    """Turns texts into vectors of one length; safe to use from several threads.

    Create it anywhere and use it in one process: the model or the connection comes up with the first text.
    """

    @property
    def model(self) -> str:
        """The model's name, part of the collection's name."""
        ...

    @property
    def window_tokens(self) -> int | None:
        """Length of the windows to embed, in cl100k_base tokens; None: every chunk fits the model whole."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of the vectors. May ask the model once; raises DependencyDown if that fails."""
        ...

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always) -> list[Vectors]:
        """One array (k, dimensions) for each text, k >= 1, rows of length 1.

        Nothing is truncated: a text longer than the model's context is embedded in k > 1 parts, or gets the mean of
        its parts if `window_tokens` is None. Raises Abandoned soon after `still_wanted()` turns false,
        DependencyDown if a later try can help, FileError if the model refuses one of the texts.
        """
        ...

    def embed_query(self, text: str) -> Vectors:
        """One row (dimensions,) of length 1; a query longer than the context is the mean of its parts."""
        ...

    def close(self) -> None:
        """Give back connections and memory."""
        ...


def build(settings: Settings, attempts: int = 3) -> Embedder:
    """The remote model if a URL is set, else the local one; neither is loaded or asked yet.

    `attempts` is how often a server that does not answer is asked before DependencyDown is raised.
    Raises Refused if the settings name another model than the local one, but no URL.
    """
    # Imported here: a service with a remote model never loads ONNX Runtime.
    if settings.embedding_url:
        from ingest.steps.embed.remote import RemoteEmbedder

        return RemoteEmbedder(settings, attempts=attempts)
    from ingest.steps.embed.local import LocalEmbedder

    return LocalEmbedder(settings)


def mean(rows: Vectors) -> Vectors:
    """The direction between the rows (k, dimensions), as one row of length 1."""
    row: Vectors = unit(rows.mean(axis=0, keepdims=True))[0]
    return row


def unit(rows: Vectors) -> Vectors:
    """The rows (k, dimensions) scaled to length 1; zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Vectors = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled
