"""`FsspecBlobs` beyond the contract in tests/contracts/test_blobs.py."""

import uuid

import pytest

from ingest.blobs import FsspecBlobs, raw_key
from ingest.errors import DependencyDown


@pytest.fixture
def blobs() -> FsspecBlobs:
    return FsspecBlobs(f"memory://{uuid.uuid4().hex}")


def test_an_error_of_the_file_system_raises_dependency_down(
    blobs: FsspecBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> bytes:
        raise RuntimeError("quota\n exceeded")

    monkeypatch.setattr(blobs._fs, "cat_file", fail)

    with pytest.raises(DependencyDown, match="quota exceeded"):
        blobs.read(raw_key("0" * 64))


def test_a_missing_folder_while_writing_raises_dependency_down(
    blobs: FsspecBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise FileNotFoundError("no such container")

    monkeypatch.setattr(blobs._fs, "pipe_file", fail)

    with pytest.raises(DependencyDown, match="no such container"):
        blobs.write(raw_key("0" * 64), b"x")
