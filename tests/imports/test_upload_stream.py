"""Files as uploads read them."""

import hashlib
from pathlib import Path
from threading import Event

import pytest

from ingest.imports.upload_stream import UploadStream


def test_a_stream_counts_and_hashes_what_is_read_once_even_if_it_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    sizes: list[int] = []

    with UploadStream(str(tmp_path / "a"), sizes.append, Event()) as stream:
        stream.read(4)
        stream.seek(0)
        while stream.read(4):
            pass

    assert (sum(sizes), stream.sha256()) == (10, hashlib.sha256(b"0123456789").hexdigest())


def test_a_stream_cannot_be_read_once_the_import_stops(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0")
    stopped = Event()
    stopped.set()

    with UploadStream(str(tmp_path / "a"), lambda _: None, stopped) as stream, pytest.raises(KeyboardInterrupt):
        stream.read()
