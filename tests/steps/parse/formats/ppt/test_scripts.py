"""Raised and lowered text of PowerPoint presentations."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.ppt.records import record_at
from ingest.steps.parse.formats.ppt.scripts import formatted_text
from tests.steps.parse.formats.ppt.conftest import ReadPpt
from tests.steps.parse.formats.ppt.ppt_file import BODY, OTHER, PptFile, document, entry, record, shape, slide, text_box

_PARAGRAPH = struct.pack("<IHI", 99, 0, 0)


def _style(*runs: tuple[int, int], paragraphs: bytes = _PARAGRAPH) -> bytes:
    """Return the formatting of a text: the length and the shift in percent of each run, in bold."""
    characters = b"".join(
        struct.pack("<IIHh", length, 1 | 1 << 19, 1, shift) if shift else struct.pack("<IIH", length, 1, 1)
        for length, shift in runs
    )
    return record(0x0FA1, paragraphs + characters)


def _formatted(text: str, style: bytes) -> str:
    data = record(0x0FA0, text.encode("utf-16-le")) + style
    text_record, style_record = record_at(data, 0), record_at(data, 8 + 2 * len(text))
    assert text_record is not None
    return formatted_text(data, text_record, style_record)


def test_superscripts_and_subscripts_of_shapes_and_of_the_outline_are_read(read_ppt: ReadPpt) -> None:
    own = shape(record(0xF00D, text_box(OTHER, "E=mc2") + _style((4, 0), (2, 30))))
    reference = shape(record(0xF00D, record(0x0F9E, struct.pack("<I", 0))))
    ppt = PptFile()
    outline = text_box(BODY, "H2O") + _style((1, 0), (1, -25), (2, 0))
    ppt.save({1: document(entry(3, 256, outline)), 3: slide(own, reference)})

    assert read_ppt(ppt.build()).text == "E=mc\u00b2\n\nH\u2082O"


def test_the_formatting_of_paragraphs_is_skipped() -> None:
    everything = 0x003F_FDFF & ~(1 << 9)
    fields = bytes(2 + 2 + 2 + 2 + 4 + 2 * 7) + struct.pack("<HII", 2, 0, 0) + bytes(2 + 2 + 2)
    paragraphs = struct.pack("<IHI", 3, 0, everything) + fields + struct.pack("<IHIH", 3, 1, 1 << 11, 1)

    assert _formatted("10\r25", _style((4, 0), (2, 30), paragraphs=paragraphs)) == "10\n2\u2075"


@pytest.mark.parametrize("style", [b"", record(0x0FA1, b""), record(0x0FA1, _PARAGRAPH[:7]), _style((2, 0))[:-3]])
def test_damaged_formatting_leaves_the_text(style: bytes) -> None:
    assert _formatted("10 Pa", style) == "10 Pa"


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-16-le"), max_size=20), st.binary(max_size=80))
def test_any_formatting_keeps_the_letters_of_the_text(text: str, style: bytes) -> None:
    letters = [character for character in text if character.isalpha() and character.isascii()]
    formatted = _formatted(text, record(0x0FA1, style))

    assert len(formatted) <= 3 * len(text) + 3
    assert letters or formatted is not None
