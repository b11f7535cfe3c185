"""Strings that pdfium writes into a buffer."""

import ctypes
from typing import Any

import pytest

from ingest.steps.parse.formats.pdf.strings import one_line, read_string


def writes(text: str) -> Any:
    """Return a function like those of pdfium: it fills a buffer of enough bytes and returns their number."""
    encoded = (text + "\0").encode("utf-16-le")

    def function(prefix: str, buffer: Any, length: int) -> int:
        assert prefix == "argument"
        if buffer is not None and length >= len(encoded):
            ctypes.memmove(buffer, encoded, len(encoded))
        return len(encoded)

    return function


@pytest.mark.parametrize("text", ["Größe", "会議 😀", "two\nlines", "a"])
def test_a_string_is_read_without_its_end(text: str) -> None:
    assert read_string(writes(text), "argument") == text


@pytest.mark.parametrize("text", ["", "\0hidden"])
def test_nothing_before_the_first_nul_is_an_empty_string(text: str) -> None:
    assert read_string(writes(text), "argument") == ""


def test_a_function_that_fails_gives_an_empty_string() -> None:
    assert read_string(lambda buffer, length: 0) == ""


def test_half_of_a_pair_is_replaced() -> None:
    def function(buffer: Any, length: int) -> int:
        if buffer is not None:
            buffer[0] = 0xD83D
        return 4

    assert read_string(function) == "\ufffd"


def test_white_space_is_one_space() -> None:
    assert one_line(" a\n\t b\xa0c ") == "a b c"
