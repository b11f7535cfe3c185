r"""The character sets of RTF: the document's code page, and the character set of each font.

Word writes text in a font's character set as bytes of its code page (Rich Text Format specification 1.9.1, "Font
Table"). Many other programs declare the code page of the document and leave character set 0 in all fonts.
"""

import codecs
from dataclasses import dataclass

WESTERN = "cp1252"
SYMBOL_CHARSET = 2
_RIGHT_TO_LEFT_CHARSETS = frozenset([177, 178, 179, 180, 181])

_CODEC_BY_CHARSET = {
    77: "mac_roman",
    78: "shift_jis",
    79: "euc_kr",
    80: "gb2312",
    81: "big5",
    83: "mac_hebrew",
    84: "mac_arabic",
    85: "mac_greek",
    86: "mac_turkish",
    88: "mac_latin2",
    89: "mac_cyrillic",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    179: "cp1256",
    180: "cp1256",
    181: "cp1255",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
_CODEC_BY_CODE_PAGE = {
    936: "gb18030",
    54936: "gb18030",
    1361: "johab",
    10000: "mac_roman",
    10001: "shift_jis",
    10006: "mac_greek",
    10007: "mac_cyrillic",
    10029: "mac_latin2",
    10081: "mac_turkish",
    20866: "koi8_r",
    21866: "koi8_u",
    65001: "utf-8",
    28591: WESTERN,
    20127: WESTERN,
    0: WESTERN,
    1: WESTERN,
}
_CODEC_BY_NAME_END = (  # of fonts of Windows 95: "Arial Cyr"
    ("Cyr", "cp1251"),
    ("CE", "cp1250"),
    ("Greek", "cp1253"),
    ("Tur", "cp1254"),
    ("Baltic", "cp1257"),
    ("(Hebrew)", "cp1255"),
    ("(Arabic)", "cp1256"),
    ("(Thai)", "cp874"),
)
_CODEC_BY_LANGUAGE = {  # the primary language of a Windows language identifier: its low ten bits
    0x19: "cp1251",
    0x22: "cp1251",
    0x02: "cp1251",
    0x23: "cp1251",
    0x2F: "cp1251",
    0x15: "cp1250",
    0x05: "cp1250",
    0x0E: "cp1250",
    0x1B: "cp1250",
    0x24: "cp1250",
    0x1A: "cp1250",
    0x18: "cp1250",
    0x1C: "cp1250",
    0x08: "cp1253",
    0x1F: "cp1254",
    0x0D: "cp1255",
    0x01: "cp1256",
    0x29: "cp1256",
    0x20: "cp1256",
    0x25: "cp1257",
    0x26: "cp1257",
    0x27: "cp1257",
    0x2A: "cp1258",
    0x1E: "cp874",
    0x11: "cp932",
    0x12: "cp949",
}
_TRADITIONAL_CHINESE = frozenset([0x0404, 0x0C04, 0x1404])


@dataclass
class Font:
    """An entry of the font table. `charset` and `code_page` are None where the file does not give them."""

    name: str = ""
    charset: int | None = None
    code_page: int | None = None

    @property
    def is_right_to_left(self) -> bool:
        """Return whether the font's character set is Hebrew or Arabic."""
        return self.charset in _RIGHT_TO_LEFT_CHARSETS


def codec_of_code_page(number: int) -> str | None:
    """Return the codec of a Windows code page, or None if there is none."""
    name = _CODEC_BY_CODE_PAGE.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return None
    return name


def codec_of_language(language: int) -> str:
    """Return the codec of Windows for a language identifier."""
    if language & 0x3FF == 0x04:
        return "cp950" if language in _TRADITIONAL_CHINESE else "gb18030"
    return _CODEC_BY_LANGUAGE.get(language & 0x3FF, WESTERN)


class Charsets:
    """The code pages of one document."""

    def __init__(self) -> None:
        self.fonts: dict[int, Font] = {}
        self.language = 0
        self._declared: str | None = None
        self._codecs: dict[int, str] = {}
        self._font_codecs: set[str] = set()

    def declare(self, codec: str | None) -> None:
        """Set the code page that the document declares."""
        self._declared = codec or self._declared
        self._codecs.clear()

    def codec(self, font_number: int) -> str:
        """Return the codec of the bytes in a font."""
        codec = self._codecs.get(font_number)
        if codec is None:
            codec = self._codecs[font_number] = self._find_codec(self.fonts.get(font_number))
        return codec

    def clear_cache(self) -> None:
        """Forget the codecs of the fonts after a change of the font table."""
        self._codecs.clear()
        self._font_codecs = {_CODEC_BY_CHARSET.get(font.charset or 0, "") for font in self.fonts.values()}

    def _find_codec(self, font: Font | None) -> str:
        default = self._declared or codec_of_language(self.language)
        if font is None:
            return default
        if font.code_page and (codec := codec_of_code_page(font.code_page)):
            return codec
        if codec := _CODEC_BY_CHARSET.get(font.charset or 0):
            return codec
        for end, codec in _CODEC_BY_NAME_END:
            if font.name.endswith(end):
                return codec
        if font.charset == 0 and default in self._font_codecs:
            return WESTERN  # the file has other fonts for its own code page, so its author obeys character sets
        return default
