"""ISO-2022-JP and EUC-JP with the characters of NEC and IBM."""

import pytest

from ingest.steps.parse.charset import decode
from ingest.steps.parse.charset.japanese import decode_euc_jp, decode_iso_2022_jp, looks_like_iso_2022_jp


def jis(text: str) -> bytes:
    """Return the text as ISO-2022-JP, by way of EUC-JP."""
    return b"\x1b$B" + bytes(byte & 0x7F for byte in text.encode("euc_jis_2004")) + b"\x1b(B"


@pytest.mark.parametrize("declared", ["iso-2022-jp", None])
def test_iso_2022_jp_has_the_characters_of_nec_and_ibm(declared: str | None) -> None:
    nec_and_ibm = b"\x1b$B\x2d\x21\x7c\x62\x1b(B"

    assert decode(nec_and_ibm + b" " + jis("会議の議題"), declared) == "①髙 会議の議題"


def test_half_width_katakana_of_iso_2022_jp_is_decoded() -> None:
    assert decode(b"\x1b(I\x36\x45\x1b(B ok", "iso-2022-jp") == "ｶﾅ ok"


def test_euc_jp_has_the_characters_of_nec() -> None:
    assert decode(b"\xad\xa1" + "会議".encode("euc_jp"), "euc-jp") == "①会議"


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"\x1b$B$3", True), (b"\x1b(I6", True), (b"\x1b$(D0!", True), (b"\x1b[31mred", False), (b"\x1b$B", False)],
)
def test_an_escape_and_a_character_are_signs_of_iso_2022_jp(data: bytes, expected: bool) -> None:
    assert looks_like_iso_2022_jp(data) is expected


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\x1b$B$3\x1b(Bb\n", "aこb\n"),
        (b"\x1b$B$3\n$s\x1b(Bx", "こ\nんx"),
        (b"\x1b$B$", "\ufffd"),
        ("丂".encode("iso2022_jp_2"), "丂"),
        (b"\x1b(I\x36\x1b(J\x41", "ｶA"),
    ],
)
def test_runs_of_iso_2022_jp_are_decoded_by_their_escapes(data: bytes, text: str) -> None:
    assert decode_iso_2022_jp(data) == text


def test_euc_jp_is_decoded_around_bytes_that_are_invalid() -> None:
    assert decode_euc_jp("会議 a".encode("euc_jp")) == "会議 a"
    assert decode_euc_jp(b"a\xa4\xb3\xff b") == "aこ\ufffd b"
    assert decode_euc_jp(b"\x8f\xb0\xa1") == "丂"
