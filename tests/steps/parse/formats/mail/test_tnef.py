"""TNEF streams."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail.tnef import _read_properties, add_tnef
from tests.steps.parse.formats.mail.messages import tnef


def test_properties_are_read_past_named_and_repeated_ones() -> None:
    name = "Keywords\0".encode("utf-16-le")
    named = struct.pack("<HH16sII", 0x001F, 0x8001, bytes(16), 1, len(name)) + name.ljust(20, b"\0")
    text = "value".encode("utf-16-le")
    data = struct.pack("<I", 3) + named + struct.pack("<II", 1, len(text)) + text.ljust(12, b"\0")
    data += struct.pack("<HHI", 0x0003, 0x3FFD, 1252)
    data += struct.pack("<HHII", 0x0102, 0x1013, 1, 4) + b"<p>x"

    properties = _read_properties(data)

    assert properties.binary(0x1013) == b"<p>x"
    assert properties.code_page == 1252
    assert properties.block(0x8001) == "value"


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 200), st.binary(max_size=30))
def test_damaged_streams_are_warnings(position: int, noise: bytes) -> None:
    stream = tnef("body", {"a.txt": b"words" * 20})
    builder = TextBuilder()

    add_tnef(builder, stream[:position] + noise + stream[position + len(noise) :], "winmail.dat")

    assert builder.parsed("eml").report.warning_count <= 3
