"""The formats of mail, each by its own entry."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.mail import read_eml, read_mbox, read_msg
from tests.steps.parse.documents import DocumentBuilder

MAIL = b"From: Ann <ann@example.org>\nSubject: Plan\nMIME-Version: 1.0\n\nWords of the body.\n"
TEXT = "Subject: Plan\nFrom: Ann <ann@example.org>\n\nWords of the body."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blob"


def test_a_mail_is_one_text_without_sections(path: Path) -> None:
    path.write_bytes(MAIL)

    parsed = read_eml(path)

    assert (parsed.kind, parsed.text, parsed.sections) == ("eml", TEXT, ())


def test_a_mailbox_has_a_section_for_each_mail(path: Path) -> None:
    separator = b"From ann@example.org Mon Jan  1 00:00:00 2024\n"
    path.write_bytes((separator + MAIL + b"\n") * 2)

    parsed = read_mbox(path)

    assert parsed.kind == "mbox"
    assert [(section.kind, section.number, section.name) for section in parsed.sections] == [
        ("message", 1, "Plan"), ("message", 2, "Plan")
    ]  # fmt: skip
    assert [parsed.text[section.start : section.end] for section in parsed.sections] == [TEXT, TEXT]


def test_an_outlook_message_is_read_with_the_library_named(path: Path, documents: DocumentBuilder) -> None:
    path.write_bytes(documents.msg("Plan", "Words of the body."))

    parsed = read_msg(path)

    assert (parsed.kind, parsed.text) == ("msg", "Subject: Plan\n\nWords of the body.")
    assert parsed.report.reader == "olefile"


def test_a_container_without_properties_is_no_outlook_message(path: Path, documents: DocumentBuilder) -> None:
    path.write_bytes(documents.ole({"Other": b"x"}))

    with pytest.raises(InvalidFile, match="it has no properties"):
        read_msg(path)
