"""Names of character sets as documents, mails and servers write them, and the Python codecs that decode them.

A codec here is the superset that decoders use in practice, as in the WHATWG Encoding Standard, section 4.2 (for example
windows-1252 for iso-8859-1). The labels of mail programs and code page numbers of Windows are added.
"""

import re
from functools import lru_cache

_NOT_ALPHANUMERIC = re.compile("[^a-z0-9]")
_NUMBERED = re.compile(r"(?:x)?(?:cp|windows|win|ms|ibm|dos|oem|ansi)?(?:codepage)?0*(\d{2,5})")
_ISO_8859 = re.compile(r"(?:x)?(?:cs)?iso(?:ir)?8859(\d{1,2})(?:[ie]|19\d\d|200\d)?")
_MAX_LABEL_CHARACTERS = 40

_ISO_8859_CODECS = {1: "cp1252", 9: "cp1254", 11: "cp874"} | {
    part: f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)
}

_CODE_PAGES = (
    {number: f"cp{number}" for number in range(1250, 1259)}
    | {number: f"cp{number}" for number in (437, 720, 737, 775, 850, 852, 855, 857, 858)}
    | {number: f"cp{number}" for number in (860, 861, 862, 863, 864, 865, 866, 869, 874, 932, 949)}
    | {number: f"cp{number:03}" for number in (37, 273, 424, 500, 1026, 1140)}  # EBCDIC
    | {28590 + part: codec for part, codec in _ISO_8859_CODECS.items()}
    | {
        936: "gb18030", 950: "big5hkscs", 1200: "utf-16-le", 1201: "utf-16-be", 1361: "johab",
        10000: "mac_roman", 10001: "cp932", 10006: "mac_greek", 10007: "mac_cyrillic", 10010: "mac_romanian",
        10029: "mac_latin2", 10079: "mac_iceland", 10081: "mac_turkish", 10082: "mac_croatian",
        12000: "utf-32-le", 12001: "utf-32-be", 20127: "cp1252", 20866: "koi8_r", 20932: "euc_jp", 21866: "koi8_u",
        38598: "iso8859_8", 50220: "iso2022_jp", 50221: "iso2022_jp", 50222: "iso2022_jp", 50225: "iso2022_kr",
        51932: "euc_jp", 51949: "cp949", 51936: "gb18030", 52936: "hz", 54936: "gb18030",
        65000: "utf-7", 65001: "utf-8",
    }
)  # fmt: skip

_LABELS = {
    codec: labels.split()
    for codec, labels in {
        "utf-8": "utf8 unicode11utf8 unicode20utf8 xunicode20utf8 utf8mb4 utf8mb3 utf8sig utf8bom",
        "utf-16-le": "utf16 utf16le unicode csunicode ucs2 iso10646ucs2 unicodefeff unicodelittle",
        "utf-16-be": "utf16be unicodefffe unicodebig",
        "utf-32-le": "utf32 utf32le ucs4 iso10646ucs4",
        "utf-32-be": "utf32be",
        "utf-7": "utf7 unicode11utf7 xunicode20utf7 csunicode11utf7",
        "cp1252": "ascii usascii 646 ansix341968 iso646us csascii latin1 l1 isoir100 csisolatin1 cp819 ibm819 ansi western",
        "cp1250": "easteurope",
        "cp1251": "ansi1251",
        "iso8859_2": "latin2 l2 isoir101 csisolatin2",
        "iso8859_3": "latin3 l3 isoir109 csisolatin3",
        "iso8859_4": "latin4 l4 isoir110 csisolatin4",
        "iso8859_5": "cyrillic isoir144 csisolatincyrillic",
        "iso8859_6": "arabic asmo708 ecma114 isoir127 csisolatinarabic",
        "iso8859_7": "greek greek8 ecma118 elot928 isoir126 suneugreek csisolatingreek",
        "iso8859_8": "hebrew isoir138 visual logical csisolatinhebrew",
        "cp1254": "latin5 l5 isoir148 csisolatin5",
        "iso8859_10": "latin6 l6 isoir157 csisolatin6",
        "iso8859_15": "latin9 l9 csisolatin9 latin0",
        "iso8859_16": "latin10",
        "cp874": "tis620 tis62025330 tis62025331 tis11 thai isothai dosthai isoir166",
        "koi8_r": "koi8r koi8 koi cskoi8r",
        "koi8_u": "koi8u koi8ru",
        "koi8_t": "koi8t",
        "kz1048": "kz1048 strk10482002 rk1048",
        "ptcp154": "ptcp154 csptcp154 pt154 cyrillicasian",
        "mac_roman": "macintosh mac macroman xmacroman csmacintosh",
        "mac_cyrillic": "maccyrillic xmaccyrillic xmacukrainian macukrainian",
        "mac_latin2": "maclatin2 macce xmacce maccentraleurope xmaccentraleurroman xmaccentraleuropean",
        "mac_greek": "macgreek xmacgreek",
        "mac_turkish": "macturkish xmacturkish",
        "mac_romanian": "macromanian xmacromanian",
        "mac_croatian": "maccroatian xmaccroatian",
        "mac_iceland": "maciceland macicelandic xmacicelandic",
        "gb18030": "gb2312 gbk gb18030 chinese csgb2312 gb231280 csiso58gb231280 isoir58 xgbk xxgbk euccn xeuccn eucgb2312"
        " gb180302000 gb180302005 gb1803020051",
        "hz": "hz hzgb2312 hzgb",
        "big5hkscs": "big5 big5hkscs cnbig5 csbig5 xxbig5 xbig5 big5hk big5tw big5eten",
        "cp932": "shiftjis sjis xsjis mskanji csshiftjis ms932 windows31j cswindows31j xmsshiftjis shiftjisx0213 macjapanese"
        " xmacjapanese",
        "euc_jp": "eucjp xeucjp ujis cseucpkdfmtjapanese eucjpms eucjpwin eucjisx0213",
        "iso2022_jp": "iso2022jp csiso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpext iso2022jpms jis"
        " cp50220 cp50221 cp50222 junet",
        "cp949": "ksc56011987 ksc56011989 ksc5601 korean csksc56011987 isoir149 euckr cseuckr xeuckr windows949 uhc mskskr"
        " ks5601 xwindows949",
        "johab": "johab msjohab",
        "iso2022_kr": "iso2022kr csiso2022kr",
    }.items()
}  # fmt: skip
_CODEC_BY_LABEL = {label: codec for codec, labels in _LABELS.items() for label in labels}

MULTIBYTE = frozenset(["gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "johab"])
SEVEN_BIT = frozenset(["iso2022_jp", "iso2022_kr", "hz", "utf-7"])
UNICODE = frozenset(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])

_ALTERNATIVES = {
    "iso8859_2": ("cp1250",), "iso8859_4": ("cp1257",), "iso8859_5": ("cp1251",), "iso8859_6": ("cp1256",),
    "iso8859_7": ("cp1253",), "iso8859_8": ("cp1255",), "iso8859_13": ("cp1257",), "iso8859_15": ("cp1252",),
    "big5hkscs": ("cp950",),
}  # fmt: skip


@lru_cache(maxsize=256)
def codec_of_label(label: str) -> str | None:
    """Return the codec for a charset's label, for example "cp1252" for "ISO-8859-1", or None for unknown labels."""
    key = _NOT_ALPHANUMERIC.sub("", label[:_MAX_LABEL_CHARACTERS].lower())
    if codec := _CODEC_BY_LABEL.get(key):
        return codec
    if match := _ISO_8859.fullmatch(key):
        return _ISO_8859_CODECS.get(int(match[1]))
    if match := _NUMBERED.fullmatch(key):
        return codec_of_code_page(int(match[1]))
    return None


def codec_of_code_page(number: int) -> str | None:
    """Return the codec for the number of a Windows code page, for example "gb18030" for 936, or None."""
    return _CODE_PAGES.get(number)


def alternatives_of(codec: str) -> tuple[str, ...]:
    """Return what a document holds where bytes are invalid in the codec of its declaration, the likeliest first."""
    return _ALTERNATIVES.get(codec, ())
