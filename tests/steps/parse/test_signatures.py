"""Signatures of binary formats."""

import pytest

from ingest.errors import UnsupportedFile
from ingest.steps.parse.signatures import IMAGE, binary_kind, find_signature, unsupported, without_noise
from ingest.steps.parse.sniff import sniff


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"ID3\3\0\0", "an audio file"),
        (b"RIFF\0\0\0\0WAVEfmt ", "an audio file"),
        (b"\0\0\0\x18ftypmp42", "a video"),
        (b"7z\xbc\xaf\x27\x1c", "an archive"),
        (b"x" * 257 + b"ustar", "an archive"),
        (b"x" * 257 + b"ustar\x0000", "an archive"),
        (b"\0\0\0\x1cftypM4A ", "an audio file"),
        (b"\x7fELF\2", "a program"),
        (b"MZ\x90\0\3", "a program"),
        (b"SQLite format 3\0", "a database"),
    ],
)
def test_formats_without_text_are_refused_with_their_description(head: bytes, what: str) -> None:
    with pytest.raises(UnsupportedFile, match=f"The file type is not supported: it is {what}"):
        sniff(head, "file.txt")


@pytest.mark.parametrize(
    ("head", "description"),
    [
        (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"RIFF\1\2\3\4WEBPVP8 ", "an image"),
        (b"\0\0\0\x1cftypavif", "an image"),
        (b"\0\0\0\x1cftypM4A ", "an audio file"),
        (b"RIFF\1\2\3\4AVI LIST", "a video"),
        (b"MZ" + b"a" * 61 + b"\0", "a program"),
        (b"OTTO\0\x0c", "a font"),
        (b"PAR1\x15\4", "a database"),
        (b"%!PS-Adobe-3.0", "a PostScript file; convert it to PDF"),
    ],
)
def test_a_signature_tells_what_a_file_is(head: bytes, description: str) -> None:
    assert find_signature(head) == description


@pytest.mark.parametrize(
    "head", [b"", b"MZ", b"RIFF", b"BM is a sign", b"GIF8", b"%PDF-1.7", b"PK\3\4", b"x" * 300, b"ID3 tags are old"]
)
def test_texts_and_documents_have_no_such_signature(head: bytes) -> None:
    assert find_signature(head) is None


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        (b"\xef\xbb\xbf\r\n text", b"text"),
        (b"\0\0 \t{\\rtf1", b"{\\rtf1"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n\n<html>", b"<html>"),
        (b"HTTP/2 200\nServer: x\n\nbody", b"body"),
        (b"HTTP/1.1 is a protocol.\n", b"HTTP/1.1 is a protocol.\n"),
        (b"text \n", b"text \n"),
        (b"\0\0", b""),
    ],
)
def test_noise_before_the_content_is_dropped(head: bytes, rest: bytes) -> None:
    assert without_noise(head) == rest


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b" \n%PDF-1.7", "pdf"),
        (b"\xef\xbb\xbfPK\3\4", "zip"),
        (b"PK\5\6" + bytes(18), "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
        (b" {\\rtf1", "rtf"),
        (b"\x1f\x8b\x08\0", "compressed"),
        (b"\xfd7zXZ\0", "compressed"),
        (b"\x09\x08\x08\0\0\5", "xls"),
        (b"text", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_the_kind(head: bytes, kind: str | None) -> None:
    assert binary_kind(head, is_named_pdf=False, is_named_zip=False, may_be_any=False) == kind


def test_a_pdf_or_zip_behind_other_bytes_counts_only_under_its_name() -> None:
    pdf, archive = b"junk\n%PDF-1.7\n", b"#!/bin/sh\nPK\3\4"

    assert binary_kind(pdf, is_named_pdf=True, is_named_zip=False, may_be_any=False) == "pdf"
    assert binary_kind(pdf, is_named_pdf=False, is_named_zip=True, may_be_any=False) is None
    assert binary_kind(archive, is_named_pdf=False, is_named_zip=True, may_be_any=False) == "zip"
    assert binary_kind(archive, is_named_pdf=True, is_named_zip=False, may_be_any=False) is None


def test_under_any_name_a_pdf_behind_noise_must_have_its_first_object_or_its_binary_comment() -> None:
    for head, kind in [
        (b"job 7\n%PDF-1.4\n%\xe2\xe3\n", "pdf"),
        (b"x\n%PDF-1.4\n1 0 obj", "pdf"),
        (b"a %PDF-1.4 b", None),
    ]:
        assert binary_kind(head, is_named_pdf=False, is_named_zip=False, may_be_any=True) == kind
    late = b"x" * 2000 + b"%PDF-1.4\n1 0 obj"
    assert binary_kind(late, is_named_pdf=False, is_named_zip=False, may_be_any=True) is None


def test_the_error_for_an_image_says_that_ocr_is_missing() -> None:
    assert str(unsupported(IMAGE)).endswith("it is an image, and OCR is not configured.")
    assert str(unsupported("a font")).endswith("it is a font.")
