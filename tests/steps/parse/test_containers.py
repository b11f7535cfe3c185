"""ZIP and OLE containers."""

import pytest

from ingest.errors import InvalidFile, UnsupportedFile
from tests.steps.parse.documents import DocumentBuilder, Parse


@pytest.mark.parametrize("name", ["docx", "xlsx"])
def test_a_truncated_office_file_fails_with_a_clear_error(parse: Parse, documents: DocumentBuilder, name: str) -> None:
    data = documents.docx(documents.paragraph("text")) if name == "docx" else documents.xlsx({"s": [["text"]]})

    with pytest.raises(InvalidFile, match="The file is damaged"):
        parse(f"a.{name}", data[:-40])


@pytest.mark.parametrize("name", ["a.xlsx", "a.docx"])
def test_an_encrypted_office_file_is_invalid_and_the_message_says_what_to_do(
    parse: Parse, documents: DocumentBuilder, name: str
) -> None:
    with pytest.raises(InvalidFile, match="The file is encrypted; remove its password"):
        parse(name, documents.ole({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}))


def test_a_plain_zip_is_unsupported(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(UnsupportedFile, match=r"it is an archive \(ZIP\)"):
        parse("a.zip", documents.zipped({"a.txt": "text"}))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(parse: Parse, documents: DocumentBuilder) -> None:
    data = documents.with_claimed_size(documents.docx("text"), 80 * 2**20)

    with pytest.raises(InvalidFile, match="would grow from"):
        parse("a.docx", data)


def test_a_container_of_too_many_members_is_refused(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match="20001 members"):
        parse("a.docx", documents.zip_with_members(20_001))
