"""Compound files that are written."""

import olefile
import pytest

from ingest.steps.parse.formats.doc.compound import MAX_BYTES, write_compound_file


def test_a_compound_file_has_its_streams() -> None:
    streams = {"Workbook": b"w" * 300_000, "\x05SummaryInformation": b"s" * 5_000, "Short": b"x"}

    with olefile.OleFileIO(write_compound_file(streams)) as ole:
        read = {name: ole.openstream(name).read().rstrip(b"\0") for name in streams}

    assert read == streams


@pytest.mark.parametrize("size", [0, 4_095, 4_096, MAX_BYTES])
def test_a_stream_of_any_size_is_whole(size: int) -> None:
    content = (b"0123456789abcde" * (size // 15 + 1))[:size]

    with olefile.OleFileIO(write_compound_file({"Package": content})) as ole:
        read = ole.openstream("Package").read()

    assert read[:size] == content
    assert read[size:].strip(b"\0") == b""


def test_a_compound_file_may_have_no_streams() -> None:
    with olefile.OleFileIO(write_compound_file({}).ljust(2_000, b"\0")) as ole:
        assert ole.listdir() == []
