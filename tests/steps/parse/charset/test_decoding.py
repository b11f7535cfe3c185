"""Detection of character sets."""

import random

import pytest

from ingest.errors import UnsupportedFile
from ingest.steps.parse.charset import decode, looks_like_text

LATIN = "Plain text,\n\twith a tab and a line.\n" * 5
GERMAN = "Größe und Übung für Straße: äöü.\n" * 5
CHINESE = "这是一个用于测试编码检测的中文文本文件。\n我们希望它能够正确地被识别出来。\n" * 3
POLISH = "Zażółć gęślą jaźń, powiedział mały chłopiec, który się bał, że będzie padać.\n" * 3
RUSSIAN = "Это проверка определения кодировки текста на русском языке.\n" * 3
JAPANESE = "これは日本語のテキストです。文字コードの判定を試します。\n" * 3


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


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "latin-1"),
        ("“Quoted” — a résumé’s price: 5 €\n", "cp1252"),
        (POLISH, "cp1250"),
        (CHINESE, "gbk"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
    ],
)
def test_legacy_character_sets_are_detected(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_non_ascii_letters_late_in_a_long_file_are_detected() -> None:
    assert decode(b"plain\n" * 50_000 + RUSSIAN.encode("cp1251")).endswith(RUSSIAN)


def test_one_damaged_character_does_not_change_the_character_set() -> None:
    assert decode(GERMAN.encode() + b"\xff end") == GERMAN + "\ufffd end"


def test_a_log_with_some_nuls_is_still_text() -> None:
    assert decode(LATIN.encode() + b"\0\0\n") == LATIN + "\0\0\n"


def test_records_padded_with_nuls_are_still_text() -> None:
    assert decode(b"name\0\0\0\0city\0\0\0\0" * 50).startswith("name\0")


def test_pairs_of_latin_letters_are_not_decoded_as_chinese() -> None:
    assert decode(b"this app can break \xe9") == "this app can break é"


def test_white_space_and_indentation_are_kept() -> None:
    source = "def f():\n\n    return 1  \n\t# end\n"

    assert decode(source.encode()) == source


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length", [100, 10_000])
def test_random_bytes_are_not_text(seed: int, length: int) -> None:
    data = random.Random(seed).randbytes(length)

    with pytest.raises(UnsupportedFile):
        decode(data)
    assert not looks_like_text(data)
