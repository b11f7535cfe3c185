"""The character sets that undeclared text may be in, the languages written in them, and how rare such files are."""

from collections.abc import Mapping
from typing import NamedTuple

_WESTERN = "en de fr es pt it nl sv da nb fi is ca gl eu ga sq et af id"
_CENTRAL = "pl cs sk hu sl hr ro sq de en"
_CYRILLIC = "ru uk be bg sr mk"
_OTHER_LETTERS = frozenset(["ru", "uk", "be", "bg", "sr", "mk", "el", "he", "ar", "fa", "th"])


class Candidate(NamedTuple):
    """A codec, the languages written in it, and a cost that tells how rare such files are."""

    codec: str
    languages: tuple[str, ...]
    rarity: int


SINGLE_BYTE: Mapping[str, Candidate] = {
    codec: Candidate(codec, tuple(languages.split()), rarity)
    for codec, languages, rarity in (
        ("cp1252", _WESTERN, 0), ("iso8859_15", _WESTERN, 6), ("mac_roman", _WESTERN, 12), ("cp850", _WESTERN, 14),
        ("cp437", _WESTERN, 15),
        ("cp1250", _CENTRAL, 5), ("iso8859_2", _CENTRAL, 7), ("cp852", _CENTRAL, 14), ("mac_latin2", _CENTRAL, 18),
        ("cp1251", _CYRILLIC, 0), ("koi8_r", "ru bg", 3), ("koi8_u", "uk ru", 4), ("cp866", _CYRILLIC, 5),
        ("iso8859_5", _CYRILLIC, 8), ("mac_cyrillic", _CYRILLIC, 12), ("cp855", _CYRILLIC, 16),
        ("cp1253", "el", 1), ("iso8859_7", "el", 2), ("cp737", "el", 14), ("mac_greek", "el", 18),
        ("cp1254", "tr de en", 3), ("cp857", "tr", 14), ("mac_turkish", "tr", 18),
        ("cp1255", "he", 1), ("cp862", "he", 16),
        ("cp1256", "ar fa", 1), ("iso8859_6", "ar", 4), ("cp720", "ar", 18),
        ("cp1257", "lt lv et", 8), ("iso8859_4", "lt lv et", 20), ("cp775", "lt lv et", 26),
        ("cp1258", "vi", 4), ("cp874", "th", 1), ("iso8859_3", "eo", 12), ("iso8859_14", "cy ga", 14),
        ("iso8859_16", "ro", 12),
    )
}  # fmt: skip

EAST_ASIAN: Mapping[str, Candidate] = {
    codec: Candidate(codec, (language,), rarity)
    for codec, language, rarity in (
        ("cp932", "ja", 0), ("euc_jp", "ja", 1), ("gb18030", "zh", 0), ("big5hkscs", "zh-hant", 0), ("cp949", "ko", 0),
    )
}  # fmt: skip

LATIN_LANGUAGES = frozenset(
    language for candidate in SINGLE_BYTE.values() for language in candidate.languages if language not in _OTHER_LETTERS
)
LATIN_CODECS = frozenset(
    codec for codec, candidate in SINGLE_BYTE.items() if LATIN_LANGUAGES.intersection(candidate.languages)
)
