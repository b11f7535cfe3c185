"""Cheap checks: a connection, a folder, the free space of a disk."""

import socket
from pathlib import Path

import pytest

from ingest.blobs import FolderBlobs
from ingest.config import Settings
from ingest.config.embedding_model import EmbeddingModel
from ingest.embedded.processes import free_port
from ingest.errors import DependencyDown
from ingest.health import probes


def test_a_remote_embedder_is_up_while_its_server_accepts_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        assert probes.check_embedder(EmbeddingModel(model="m", url=url)) == {"kind": "remote"}


def test_an_embedder_that_refuses_connections_is_down() -> None:
    with pytest.raises(DependencyDown, match="refused"):
        probes.check_embedder(EmbeddingModel(model="m", url=f"http://127.0.0.1:{free_port()}/v1"))


def test_a_local_model_needs_only_its_folder(tmp_path: Path) -> None:
    assert probes.check_embedder(EmbeddingModel(model="m")) == {"kind": "local"}
    with pytest.raises(DependencyDown, match="folder of its model is gone"):
        probes.check_embedder(EmbeddingModel(model="m", model_path=tmp_path / "none"))


def test_a_reranker_is_checked_like_an_embedder(settings: Settings) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(DependencyDown, match="reranker"):
        probes.check_reranker(settings.model_copy(update={"rerank_url": url}))


def test_a_folder_of_blobs_has_its_free_space_and_a_bucket_has_none(settings: Settings, tmp_path: Path) -> None:
    local = settings.model_copy(update={"data": tmp_path})

    facts = probes.check_blobs(FolderBlobs(Path(local.blobs_location)), local)

    assert 0 < facts["free_bytes"] < facts["total_bytes"]
    assert probes.local_folder("s3://bucket/blobs") is None
