"""RTF files."""

from pathlib import Path

import pytest

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.rtf import read, write_rtf


def test_a_file_gives_its_text_and_counts_its_pictures(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(rb"{\rtf1\ansi caf\'e9{\pict\pngblip 89504e47}}")

    parsed = read(path)

    assert (parsed.text, parsed.kind, parsed.report.parts) == ("café", "rtf", {"image": {"not_read": 1}})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_source_that_was_saved_in_utf_16_is_read(encoding: str) -> None:
    source = "\ufeff" * (encoding != "utf-16") + "{\\rtf1\\ansi Grüße {\\b now}}"
    builder = TextBuilder()

    write_rtf(builder, source.encode(encoding))

    assert builder.build() == "Grüße now"


def test_pictures_inside_of_another_document_are_no_error() -> None:
    builder = TextBuilder()

    write_rtf(builder, rb"{\rtf1{\pict\pngblip 89504e47}{\pict 00}}")

    parsed = builder.parsed("eml")
    assert (parsed.text, parsed.report.parts) == ("", {"image": {"not_read": 2}})
