"""UTF-16 and UTF-32 with and without byte order marks, and binary data."""


import random
import pytest
from ingest.errors import UnsupportedFile
from ingest.steps.parse.charset import decode, looks_like_text
from tests.steps.parse.charset.passages import CHINESE, GERMAN, JAPANESE, LATIN, POLISH, RUSSIAN
from ingest.steps.parse.charset.unicode import codec_of_byte_order_mark, detect_east_asian_utf16, detect_utf16_or_utf32, is_binary, is_damaged_utf8


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
