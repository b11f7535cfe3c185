"""PDF files."""

import pytest

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.formats.pdf import _repair_text
from tests.steps.parse.documents import DocumentBuilder, Parse


def test_a_pdf_has_the_offset_of_each_page(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.pdf", documents.pdf(["First page.", "", "Third\npage."]))

    assert parsed.kind == "pdf"
    assert [parsed.text[start:][:5] for start in (parsed.pages[0], parsed.pages[2])] == ["First", "Third"]
    assert parsed.text == "First page.\n\n\n\nThird\npage."
    assert len(parsed.pages) == 3


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ("an im\ufffeportant word", "an important word"),
        ("Universit´e", "Université"),
        ("G¨oteborg\n¨\nu", "Göteborgü"),
        ("e\n\u0301\nt", "ét"),
        ("5´ 30", "5´ 30"),
        ("na\u00a8ıve", "naïve"),
    ],
)
def test_accents_and_hyphens_are_joined_with_their_words(raw: str, tidy: str) -> None:
    assert _repair_text(raw) == tidy


def test_filled_form_fields_are_text(parse: Parse, documents: DocumentBuilder) -> None:
    assert parse("a.pdf", documents.pdf_form("City", "Zürich")).text == "Form\nCity: Zürich"


def test_a_pdf_without_a_text_layer_is_unsupported(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(UnsupportedFile, match="no text layer"):
        parse("a.pdf", documents.pdf([""]))


def test_an_encrypted_pdf_is_invalid_and_the_message_says_what_to_do(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match=r"The file is encrypted; remove its password and upload it again\."):
        parse("a.pdf", documents.encrypted_pdf())


@pytest.mark.parametrize("length", [9, 100])
def test_a_truncated_pdf_fails_with_a_clear_error(parse: Parse, documents: DocumentBuilder, length: int) -> None:
    with pytest.raises((InvalidFile, UnsupportedFile), match="PDF"):
        parse("a.pdf", documents.pdf(["text"])[:length])
