"""Keys of blobs, and the choice of a storage."""

from pathlib import Path

from ingest.blobs import (
    FolderBlobs,
    FsspecBlobs,
    S3Blobs,
    connect,
    part_key,
    raw_key,
    text_key,
    text_prefix,
)
from ingest.config import Settings


def test_the_settings_choose_the_storage(tmp_path: Path) -> None:
    assert isinstance(connect(Settings(blobs_url=str(tmp_path))), FolderBlobs)
    assert isinstance(connect(Settings(blobs_url=f"file://{tmp_path}")), FolderBlobs)
    assert isinstance(connect(Settings(blobs_url="memory://x")), FsspecBlobs)
    assert isinstance(connect(Settings(blobs_url="s3://bucket/below")), S3Blobs)


def test_keys_name_the_bytes_the_text_and_the_parts() -> None:
    assert raw_key("ab") == "raw/ab"
    assert text_key("ab", "2", "pdf") == "text/ab-2-pdf"
    assert text_key("ab", "2", "pdf").startswith(text_prefix("ab"))
    assert part_key("part_12") == "part/12"
