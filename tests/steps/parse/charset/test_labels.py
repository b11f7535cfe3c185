"""Names of character sets."""

import codecs

import pytest

from ingest.steps.parse.charset import codec_of_code_page, codec_of_label
from ingest.steps.parse.charset.labels import _CODE_PAGES, _CODEC_BY_LABEL


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("ISO-8859-1", "cp1252"),
        ("latin1", "cp1252"),
        ("us-ascii", "cp1252"),
        ("ISO_8859-1:1987", "cp1252"),
        ("iso8859-15", "iso8859_15"),
        ("ISO-8859-9", "cp1254"),
        ("iso-8859-8-i", "iso8859_8"),
        ("iso-8859-2", "iso8859_2"),
        ("GB2312", "gb18030"),
        ("gbk", "gb18030"),
        ("x-gbk", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("EUC-KR", "cp949"),
        ("Shift_JIS", "cp932"),
        ("x-sjis", "cp932"),
        ("windows-31j", "cp932"),
        ("Big5", "big5hkscs"),
        ("TIS-620", "cp874"),
        ("KOI8-R", "koi8_r"),
        ("windows-1251", "cp1251"),
        ("win-1251", "cp1251"),
        ("cp1251", "cp1251"),
        ("1251", "cp1251"),
        ("IBM850", "cp850"),
        ("cp-866", "cp866"),
        ("x-mac-roman", "mac_roman"),
        ("macintosh", "mac_roman"),
        ("iso-2022-jp", "iso2022_jp"),
        ("cp50221", "iso2022_jp"),
        ("UTF-7", "utf-7"),
        ("unicode-1-1-utf-8", "utf-8"),
        ('"utf-8"', "utf-8"),
        ("unknown-8bit", None),
        ("x-user-defined", None),
        ("idna", None),
        ("unicode_escape", None),
        ("rot13", None),
        ("", None),
        ("a" * 10_000, None),
    ],
)
def test_a_label_in_any_spelling_names_its_codec(label: str, codec: str | None) -> None:

    assert codec_of_label(label) == codec


@pytest.mark.parametrize(("number", "codec"), [(1252, "cp1252"), (936, "gb18030"), (10000, "mac_roman"), (1, None)])
def test_a_code_page_names_its_codec(number: int, codec: str | None) -> None:
    assert codec_of_code_page(number) == codec


def test_every_codec_exists() -> None:
    for codec in {*_CODEC_BY_LABEL.values(), *_CODE_PAGES.values()}:
        assert codecs.lookup(codec)
