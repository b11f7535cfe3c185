"""What the text of a parsed file guarantees."""

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.parsed import ParsedText, check_text, normalize_text


@pytest.mark.parametrize(
    ("raw", "text"),
    [("a\r\nb\rc\n", "a\nb\nc\n"), ("a\0b", "ab"), ("a\ud800b", "a?b"), (" a\t\x0bb ", " a\t\x0bb "), ("ü", "ü")],
)
def test_line_ends_nuls_and_surrogates_are_normalized(raw: str, text: str) -> None:
    assert normalize_text(raw) == text


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000"])
def test_a_blank_text_is_invalid(text: str) -> None:
    with pytest.raises(InvalidFile, match="contains no text"):
        check_text(ParsedText(text, "text"), 1)


@pytest.mark.parametrize(("text", "is_valid"), [("x" * 2**20, True), ("ä" * 2**19, True), ("ä" * 2**19 + "x", False)])
def test_the_limit_counts_bytes_of_utf8(text: str, is_valid: bool) -> None:
    parsed = ParsedText(text, "text")
    if is_valid:
        assert check_text(parsed, 1) is parsed
    else:
        with pytest.raises(InvalidFile, match="more than 1 MiB of text"):
            check_text(parsed, 1)
