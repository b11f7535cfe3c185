"""Write the escapes of .properties and .po files, and the accents of LaTeX, as the characters they stand for."""

import re

from ingest import normal_forms
from ingest.steps.parse.plain.json_escapes import replace_codes_of_letters

_PROPERTY_ESCAPE = re.compile(r"((?:\\u+[0-9a-fA-F]{4})+)|\\\r?\n[ \t\f]*|\\(.)")
_PROPERTY_CONTROLS = {"n": "\n", "t": "\t", "r": "", "f": "\n"}
_UNICODE_CODE = re.compile(r"\\u+([0-9a-fA-F]{4})")
_MESSAGE_ESCAPE = re.compile(r"""\\(?:U([0-9a-fA-F]{4})|(["\\nrtabfv']))""")
_MESSAGE_CONTROLS = {"n": "\n", "t": "\t", "r": "", "a": "", "b": "", "f": "\n", "v": "\n"}
_SPLIT_STRING = re.compile(r'"[ \t]*\r?\n[ \t]*"')

_MARKS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328", "r": "\u030a", "d": "\u0323", "b": "\u0331",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "SS": "ẞ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "aa": "å", "AA": "Å", "ae": "æ", "AE": "Æ", "oe": "œ",
    "OE": "Œ", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ", "NG": "Ŋ",
}  # fmt: skip
_BASE = r"(?:\{\s*(?:\\([ij])\s*|([A-Za-z]))\}|\\([ij])(?![A-Za-z])\s?(?:\{\})?|([A-Za-z]))"
_ACCENT = re.compile(r"(?P<open>\{)?(?<!/)\\(?P<mark>[`'^~\"])" + _BASE + r"(?(open)\}|)")
_NAMED_ACCENT = re.compile(
    r"(?P<open>\{)?\\(?P<mark>[uvHckrdb.=])(?:\s*\{\s*(?:\\([ij])\s*|([A-Za-z]))\}|\s+\\([ij])|\s+([A-Za-z])(?=\}))(?(open)\}|)"
)
_LETTER = re.compile(
    r"\{\\(?P<braced>"
    + "|".join(_LETTERS)
    + r")\s*(?:\{\})?\}|\\(?P<bare>"
    + "|".join(_LETTERS)
    + r")(?:\{\}|(?![A-Za-z])[ \t]?)"
)
_LETTERS_IN_BRACES = re.compile(r"(?<=\w)\{([^\W\d_]{1,40})\}|\{([^\W\d_]{1,40})\}(?=\w)")
_FORMATTED = re.compile(
    r"\\(?:textit|textbf|textsc|textrm|textsf|texttt|textnormal|emph|mkbibquote|mkbibemph)\s*\{([^{}\\]*)\}"
)
_ESCAPED_SIGN = re.compile(r"\\([&%$#_{}])")


def replace_property_escapes(text: str) -> str:
    r"""Return a .properties file with its escapes replaced and its continued lines joined (java.util.Properties)."""
    return _PROPERTY_ESCAPE.sub(_replace_property, text) if "\\" in text else text


def replace_message_escapes(text: str) -> str:
    """Return a .po or .strings file with the escapes in its strings replaced and strings of several lines joined."""
    text = _SPLIT_STRING.sub("", text)
    return _MESSAGE_ESCAPE.sub(_replace_message, text) if "\\" in text else text


def replace_bibtex_accents(text: str) -> str:
    """Return a BibTeX file with accents as letters, and without the braces that protect capitals inside words."""
    if "\\" in text:
        text = replace_latex_accents(text)
        text = _FORMATTED.sub(r"\1", text)
        text = _ESCAPED_SIGN.sub(r"\1", text)
    return _LETTERS_IN_BRACES.sub(lambda match: match[1] or match[2], text)


def replace_latex_accents(text: str) -> str:
    """Return LaTeX with accents and special letters as characters. Everything else stays."""
    if "\\" not in text:
        return text
    text = _NAMED_ACCENT.sub(_replace_accent, _ACCENT.sub(_replace_accent, text))
    return _LETTER.sub(lambda match: _LETTERS[match["braced"] or match["bare"]], text)


def _replace_accent(match: re.Match[str]) -> str:
    base = next(group for group in match.groups()[match.re.groupindex["mark"] :] if group)
    return normal_forms.normalize("NFC", base + _MARKS[match["mark"]])


def _replace_property(match: re.Match[str]) -> str:
    if match[1]:
        return replace_codes_of_letters(_UNICODE_CODE.sub(_one_code, match[1]))
    if match[2] is None:
        return ""
    return _PROPERTY_CONTROLS.get(match[2], match[2])


def _one_code(match: re.Match[str]) -> str:
    r"""Return a character below U+00A0, and the escape itself for others: they may be half of a pair."""
    code = int(match[1], 16)
    return f"\\u{match[1]}" if code >= 0xA0 else chr(code)


def _replace_message(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return _MESSAGE_CONTROLS.get(match[2], match[2])
