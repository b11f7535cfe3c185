"""UTF-16 and UTF-32 with and without byte order marks, and binary data."""

import random

import pytest

from ingest.errors import UnsupportedFile
from ingest.steps.parse.charset import decode, looks_like_text
from ingest.steps.parse.charset.unicode import (
    codec_of_byte_order_mark,
    detect_east_asian_utf16,
    detect_utf16_or_utf32,
    is_binary,
    is_damaged_utf8,
)
from tests.steps.parse.charset.passages import CHINESE, GERMAN, JAPANESE, LATIN


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("text", [LATIN, GERMAN], ids=["latin", "german"])
def test_unicode_is_detected_with_and_without_a_byte_order_mark(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [CHINESE, JAPANESE], ids=["chinese", "japanese"])
def test_utf_16_without_latin_letters_is_detected(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_pairs_of_latin_letters_are_not_decoded_as_chinese() -> None:
    assert decode(b"this app can break \xe9") == "this app can break é"


def test_a_log_with_some_nuls_is_still_text() -> None:
    assert decode(LATIN.encode() + b"\0\0\n") == LATIN + "\0\0\n"


def test_records_padded_with_nuls_are_still_text() -> None:
    assert decode(b"name\0\0\0\0city\0\0\0\0" * 50).startswith("name\0")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length", [100, 10_000])
def test_random_bytes_are_not_text(seed: int, length: int) -> None:
    data = random.Random(seed).randbytes(length)

    with pytest.raises(UnsupportedFile):
        decode(data)
    assert not looks_like_text(data)


@pytest.mark.parametrize(
    ("data", "codec"),
    [
        (b"\xff\xfe\0\0a\0\0\0", "utf-32"),
        (b"\0\0\xfe\xff\0\0\0a", "utf-32"),
        (b"\xff\xfea\0", "utf-16"),
        (b"\xfe\xff\0a", "utf-16"),
        (b"\xef\xbb\xbfa", "utf-8-sig"),
        (b"a", None),
        (b"", None),
    ],
)
def test_the_byte_order_mark_tells_the_codec(data: bytes, codec: str | None) -> None:
    assert codec_of_byte_order_mark(data) == codec


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_the_places_of_nuls_tell_the_codec(codec: str) -> None:
    assert detect_utf16_or_utf32("Größe".encode(codec)) == codec


@pytest.mark.parametrize("data", [b"", b"a\0", b"name\0\0\0\0" * 9, b"plain text", bytes(64)])
def test_other_nuls_are_not_utf_16(data: bytes) -> None:
    assert detect_utf16_or_utf32(data) is None


def test_east_asian_utf_16_is_detected_only_with_a_nul() -> None:
    assert detect_east_asian_utf16("広場の図書館\n".encode("utf-16-be")) == "utf-16-be"
    assert detect_east_asian_utf16("広場の図書館\n".encode("utf-16-le")) == "utf-16-le"
    assert detect_east_asian_utf16("広場の図書館".encode("utf-16-le")) is None


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (b"", False),
        (b"text\0\0 with NULs", False),
        (b"\x1b[31mred\x1b[0m", False),
        (b"a" * 200 + b"\1", False),
        (b"\1\2\3" * 9, True),
        (bytes(9) + b"\xff\xfe\xfd\xfc", True),
    ],
)
def test_control_characters_are_a_sign_of_binary_data(sample: bytes, expected: bool) -> None:
    assert is_binary(sample) is expected


def test_utf_8_is_damaged_if_most_of_its_letters_are_valid() -> None:
    assert is_damaged_utf8("Größe und Übung\ufffd", 1)
    assert not is_damaged_utf8("Gr\ufffd\ufffde ü", 2)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["Привет мир, как дела", "Καλημέρα κόσμε", "שלום עולם", "سلام عليكم"])
def test_utf_16_of_other_letters_is_detected_by_its_blanks(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("text", ["Grüße ä", "день", "会議"])
def test_utf_8_whose_last_letter_is_cut_off_stays_utf_8(text: str) -> None:
    assert decode(text.encode()[:-1]) == text[:-1] + "\ufffd"


def test_a_western_text_that_ends_in_an_accent_is_no_utf_8() -> None:
    assert decode("un café".encode("cp1252")) == "un café"
