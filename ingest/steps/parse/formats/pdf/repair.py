"""The characters of a page as letters: accents joined with them, ligatures and presentation forms taken apart."""

import re

from ingest import normal_forms

_COMBINING = {"´": "\u0301", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "ˇ": "\u030c", "˚": "\u030a", "¯": "\u0304"}
# TeX draws an accent and then the letter below it. pdfium returns the accent on its own, often on its own line.
_ACCENT_THEN_LETTER = re.compile(r"\n?([´¨ˆ˜ˇ˚¯])\n?([A-Za-zı])")
_LONE_MARK = re.compile(r"(?<=\w)\n([\u0300-\u036f]+)\n?")
_PRESENTATION_FORMS = re.compile("[\ufb00-\ufdff\ufe70-\ufefe]")
"""Ligatures (fi, fl), and the shapes that Hebrew and Arabic letters have in a word."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_NONCHARACTERS = re.compile("[\uffff\ufffe]")


def repair_characters(text: str) -> str:
    """Return the text of a page with letters as Unicode composes them. The marks of hyphens stay."""
    if text.isascii():
        return text
    text = _LONE_MARK.sub(r"\1", text)
    text = _ACCENT_THEN_LETTER.sub(_combine_accent, text)
    text = _PRESENTATION_FORMS.sub(lambda match: normal_forms.normalize("NFKC", match[0]), text)
    return normal_forms.normalize("NFC", text)


def join_surrogates(text: str) -> str:
    """Return the text with each pair of surrogates as the character beyond U+FFFF that it stands for."""
    if _SURROGATES.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def drop_noncharacters(text: str) -> str:
    """Return the text without code points that are no characters."""
    return text if text.isascii() else _NONCHARACTERS.sub("", text)


def _combine_accent(match: re.Match[str]) -> str:
    letter = match[2].replace("ı", "i")  # TeX puts accents on a dotless i
    return normal_forms.normalize("NFC", letter + _COMBINING[match[1]])
