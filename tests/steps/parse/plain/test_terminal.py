"""Logs of terminals."""


import base64
import random
import time
from pathlib import Path
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.errors import FileError
from ingest.steps.parse.plain import read_plain
from tests.steps.parse.documents import Parse
from ingest.steps.parse.plain.terminal import remove_progress, remove_terminal_codes


def text_of(text: str, suffix: str) -> str:
    return read_plain(text.encode(), suffix).text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("2024 \x1b[31mERROR\x1b[0m disk full", "2024 ERROR disk full"),
        ("\x1b[1;38;5;12mbold\x1b[K \x1b]0;title\x07text\x1b(B", "bold text"),
        ("\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("N\bNA\bAM\bME\bE and _\bu_\bs", "NAME and us"),
        ("teh\b\bhe", "the"),
        ("a\n10% [=   ]\r50% [==  ]\r100% [====]\nb", "a\n100% [====]\nb"),
        ("a\nLoading\rDone\n", "a\nLoading\nDone\n"),
        ("one\rtwo\rthree", "one\ntwo\nthree"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
    ],
)
def test_a_log_reads_as_the_terminal_showed_it(source: str, text: str) -> None:
    assert text_of(source, "log") == text
