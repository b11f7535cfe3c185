"""Cheap checks of dependencies that have no `ping` of their own. None of them costs a paid request."""

from pathlib import Path
from typing import Any

from ingest.blobs import Blobs
from ingest.config import Settings
from ingest.config.embedding_model import EmbeddingModel
from ingest.errors import DependencyDown
from ingest.net.connection import check_connection
from ingest.runtime import disk_space

CONNECT_SECONDS = 1.5
"""Shorter than a check may take (ingest/health/checks.py), so that the reason says what was waited for."""


def check_embedder(model: EmbeddingModel) -> dict[str, Any]:
    """Check that a model's server accepts connections, or that its folder exists. Raises DependencyDown.

    Whether the server answers well is known from the outages that workers record.
    """
    if model.url:
        check_connection("embedder", model.url, seconds=CONNECT_SECONDS)
        return {"kind": "remote"}
    if model.model_path is not None and not model.model_path.exists():
        raise DependencyDown("embedder", "the folder of its model is gone")
    return {"kind": "local"}


def check_reranker(settings: Settings) -> dict[str, Any]:
    """Check that the reranker's server accepts connections, or that its folder exists. Raises DependencyDown."""
    if settings.rerank_url:
        check_connection("reranker", settings.rerank_url, seconds=CONNECT_SECONDS)
        return {"kind": "remote"}
    if settings.rerank_model_path and not Path(settings.rerank_model_path).exists():
        raise DependencyDown("reranker", "the folder of its model is gone")
    return {"kind": "local"}


def check_blobs(blobs: Blobs, settings: Settings) -> dict[str, Any]:
    """Check the storage of blobs, and return the free space of its disk if it is a folder. Raises DependencyDown."""
    blobs.ping()
    folder = local_folder(settings.blobs_location)
    return {} if folder is None else free_space(folder)


def check_disk(folder: Path) -> dict[str, Any]:
    """Check that a folder can be written and its disk is not full, and return the free space. Raises OSError."""
    disk_space.check_writable(folder)
    return free_space(folder)


def local_folder(location: str) -> Path | None:
    """Return the folder of a location; None for a bucket."""
    path = location.removeprefix("file://")
    return None if "://" in path else Path(path)


def free_space(folder: Path) -> dict[str, int]:
    """Return the free and the total bytes of a folder's disk. Raises OSError."""
    space = disk_space.read(folder)
    return {"free_bytes": space.free_bytes, "total_bytes": space.total_bytes}
