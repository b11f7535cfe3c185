"""Enriched text, and files in uuencode."""

import binascii

import pytest

from ingest.steps.parse.formats.mail.old_text import enriched_to_text, take_uuencoded
from tests.steps.parse.documents import Parse
from tests.timing import assert_linear


def uuencode(data: bytes) -> str:
    lines = [binascii.b2a_uu(data[at : at + 45], backtick=True).decode() for at in range(0, len(data), 45)]
    return "begin 644 list.txt\n" + "".join(lines) + "`\nend\n"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<bold>bold</bold> and <italic>slanted</italic>", "bold and slanted"),
        ("<color><param>red</param>red</color> 1 << 2", "red 1 < 2"),
        ("one\r\nline\r\n\r\nnext", "one line\nnext"),
    ],
)
def test_enriched_text_loses_its_commands(source: str, text: str) -> None:
    assert enriched_to_text(source) == text


def test_a_file_in_the_text_is_taken_out() -> None:
    data = bytes(range(256)) * 3

    assert take_uuencoded(f"before\n\n{uuencode(data)}\nafter") == ("before\n\n\nafter", [("list.txt", data)])


def test_lines_without_their_last_blanks_are_decoded() -> None:
    assert take_uuencoded("begin 644 a\n#0V%T\n \nend\n") == ("", [("a", b"Cat")])


@pytest.mark.parametrize(
    "text", ["begin 644 a\nend of it\nend\n", "we begin 10 minutes late\nend\n", "begin 644 a\n\nend"]
)
def test_other_text_stays(text: str) -> None:
    assert take_uuencoded(text) == (text, [])


def test_a_file_in_a_mail_is_read_under_its_name(parse: Parse) -> None:
    mail = "From: a@example.org\nSubject: s\nMIME-Version: 1.0\n\nsee below\n\n" + uuencode("Größe".encode())

    assert parse("a.eml", mail.encode()).text.endswith("see below\n\nAttachment: list.txt\n\nGröße")


@pytest.mark.parametrize("unit", ["begin 644 x\n#86)C\n", "begin 644 x\n", "#86)C\n", "<param>", "<<", "<a"])
def test_damaged_texts_take_linear_time(unit: str) -> None:
    def read(size: int) -> None:
        text = "begin 644 x\n" + unit * (size // len(unit)) + "\nend"
        take_uuencoded(text)
        enriched_to_text(text)

    assert_linear(read, 200_000)
