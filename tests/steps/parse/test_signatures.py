"""Signatures of binary formats."""


import contextlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.errors import FileError, InvalidFile, UnsupportedFile
from ingest.steps.parse.sniff import sniff
from ingest.steps.parse.signatures import IMAGE, binary_kind, find_signature, unsupported, without_noise


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
