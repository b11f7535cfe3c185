"""Formats of automatic numbers."""

import pytest

from ingest.steps.parse.formats.docx.number_formats import format_number


@pytest.mark.parametrize(
    ("number", "name", "text"),
    [
        (4, "lowerRoman", "iv"),
        (1999, "upperRoman", "MCMXCIX"),
        (28, "lowerLetter", "bb"),
        (3, "decimalZero", "03"),
        (22, "ordinal", "22nd"),
        (112, "ordinal", "112th"),
        (3, "decimalEnclosedCircle", "③"),
        (21, "decimalEnclosedCircle", "21"),
        (12, "chineseCounting", "十二"),
        (105, "chineseCountingThousand", "一百零五"),
        (1010, "japaneseCounting", "一千零一十"),
        (10, "ideographDigital", "一〇"),
        (2, "russianLower", "б"),
        (2, "hebrew2", "ב"),
        (3, "none", ""),
        (3, "numberInDash", "- 3 -"),
        (0, "upperRoman", "0"),
        (20_000, "upperRoman", "20000"),
        (7, "unheard of", "7"),
    ],
)
def test_number_formats(number: int, name: str, text: str) -> None:
    assert format_number(number, name) == text


@pytest.mark.parametrize(
    ("number", "name", "text"),
    [
        (5, "001, 002, 003, ...", "005"),
        (1234, "001, 002, 003, ...", "1234"),
        (26, "upperLetter", "Z"),
        (27, "upperLetter", "AA"),
        (5, "chicago", "**"),
        (255, "hex", "FF"),
        (20, "decimalEnclosedFullstop", "⒛"),
        (25, "thaiNumbers", "๒๕"),
        (11, "ideographTraditional", "甲甲"),
        (20, "chineseCounting", "二十"),
        (3007, "chineseCounting", "三千零七"),
    ],
)
def test_formats_of_custom_lists_and_of_other_scripts(number: int, name: str, text: str) -> None:
    assert format_number(number, name) == text
