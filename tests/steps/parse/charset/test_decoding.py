"""Detection of character sets."""

import pytest

from ingest.steps.parse.charset import decode
from tests.steps.parse.charset.passages import CHINESE, GERMAN, JAPANESE, POLISH, RUSSIAN


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


def test_white_space_and_indentation_are_kept() -> None:
    source = "def f():\n\n    return 1  \n\t# end\n"

    assert decode(source.encode()) == source
