"""Compressed RTF."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.mail.lzfu import decompress_rtf
from tests.steps.parse.formats.mail.messages import lzfu

# The example of [MS-OXRTFCP] section 3.2, without its checksum.
EXAMPLE = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def test_references_into_the_dictionary_are_resolved() -> None:
    assert decompress_rtf(EXAMPLE) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_literal_and_uncompressed_streams_are_read() -> None:
    assert decompress_rtf(lzfu(b"{\\rtf1 plain}")) == b"{\\rtf1 plain}"
    assert decompress_rtf(b"\x11\0\0\0\5\0\0\0MELA\0\0\0\0{rtf}") == b"{rtf}"


def test_another_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="not compressed RTF"):
        decompress_rtf(bytes(20))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_damaged_streams_are_bounded(noise: bytes) -> None:
    assert len(decompress_rtf(EXAMPLE[:16] + noise)) <= 0x2B + 17
