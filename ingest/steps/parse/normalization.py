"""`normalize_text`: the characters that every text of the service is free of, whatever its format."""

import re

from ingest import normal_forms

_SOFT_HYPHEN = "\u00ad"
_ZERO_WIDTH_SPACE = "\u200b"
_NEXT_LINE = "\x85"  # the line end of mainframes
_LINE_SEPARATORS = ("\u2028", "\u2029")
_WORD_JOINER = "\u2060"
_RARE = {  # byte order marks inside the text, noncharacters, ligatures: all begin with the same byte in UTF-8
    "\ufeff": "", "\ufffe": "", "\uffff": "", "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl",
}  # fmt: skip
_FIRST_BYTE_OF_RARE = b"\xef"
# macOS and some PDF producers write the marks of letters as characters of their own: U+0300 to U+036F, Hangul vowels,
# kana. In UTF-8 these begin with a byte that most texts do not have.
_SIGNS_OF_MARKS = (
    (b"\xcc", b"\xcc"),
    (b"\xcd", b"\xcd"),
    (b"\xe1", b"\xe1\x85"),
    (b"\xe3", b"\xe3\x82\x99"),
    (b"\xe3", b"\xe3\x82\x9a"),
)
# A letter with its marks, or a syllable of Hangul in parts. Longer runs of marks stay as they are: no writing has them, and
# Python would sort them in quadratic time (12 s for 64,000).
_MARKED_LETTER = re.compile(
    "[^\u0300-\u036f\u3099\u309a\\s][\u0300-\u036f\u3099\u309a]{1,8}(?![\u0300-\u036f\u3099\u309a])"
    "|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?"
)
_SOFT_HYPHEN_AT_LINE_END = re.compile("\u00ad[ \t]*\n[ \t]*(?=[^\\W\\d_])")
_ZERO_WIDTH_SPACES = re.compile("([^\u200b]?)\u200b+(?=(.?))", re.S)
_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u4e00-\u9fff]")


def normalize_text(text: str) -> str:
    """Return `text` with "\\n" line ends and without the characters that only hide words from a search.

    NULs, lone surrogates, byte order marks and soft hyphens are removed or replaced; letters are composed with their
    marks; a zero-width space becomes a space, except in scripts that write no spaces. Other whitespace stays.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else _normalize_non_ascii(text)


def _normalize_non_ascii(text: str) -> str:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = text.encode("utf-8", "replace")
        text = data.decode()
    if _NEXT_LINE in text:
        text = text.replace(_NEXT_LINE, "\n")
    if _SOFT_HYPHEN in text:
        text = _SOFT_HYPHEN_AT_LINE_END.sub("", text).replace(_SOFT_HYPHEN, "")
    try:
        text.encode("latin-1")  # takes a tenth of the time of the checks below
    except UnicodeEncodeError:
        return _normalize_beyond_latin1(text, data)
    return text


def _normalize_beyond_latin1(text: str, data: bytes) -> str:
    """Normalise a text that is `data` in UTF-8. A search for one byte takes less than a microsecond."""
    for character in _LINE_SEPARATORS:
        text = text.replace(character, "\n")
    text = text.replace(_WORD_JOINER, "")
    if _FIRST_BYTE_OF_RARE in data:
        for character, replacement in _RARE.items():
            text = text.replace(character, replacement)
    if _ZERO_WIDTH_SPACE in text:
        text = _ZERO_WIDTH_SPACES.sub(_replace_zero_width_space, text)
    if any(first in data and sign in data for first, sign in _SIGNS_OF_MARKS):
        text = _MARKED_LETTER.sub(_compose, text)
    return text


def _compose(match: re.Match[str]) -> str:
    return normal_forms.normalize("NFC", match[0])


def _replace_zero_width_space(match: re.Match[str]) -> str:
    before, after = match[1], match[2]
    if not before or not after or before.isspace() or after.isspace():
        return before
    if _WITHOUT_SPACES.match(before) or _WITHOUT_SPACES.match(after):
        return before + _ZERO_WIDTH_SPACE
    return before + " "
