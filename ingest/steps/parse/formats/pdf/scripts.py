"""Raised and lowered characters in plain text: 10⁵, H₂O, x^(a+b)."""

import re

_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_RAISED_CHARACTERS = re.compile(r"[0-9+\-−=()ni]+")
_LOWERED_CHARACTERS = re.compile(r"[0-9+\-−=()]+")
_ORDINALS = re.compile(r"st|nd|rd|th|er|re|e|ème|o|a|os|as|TM|SM|[°ªº®©™*†‡§¶'′″]+")
"""Raised text that reads the same on the baseline: 1st, 2e, n.º, marks of brands and of notes."""


def write_raised(text: str, before: str = "") -> str:
    """Return raised text with superscripts of Unicode where they exist, else as ^(text)."""
    if _ORDINALS.fullmatch(text):
        return text
    if _RAISED_CHARACTERS.fullmatch(text):
        return text.translate(_RAISED)
    return f"^({text})" if before[-1:].isalnum() and any(c.isalnum() for c in text) else text


def write_lowered(text: str, before: str = "") -> str:
    """Return lowered text with subscripts of Unicode where they exist, else as _(text)."""
    if _LOWERED_CHARACTERS.fullmatch(text):
        return text.translate(_LOWERED)
    return f"_({text})" if before[-1:].isalnum() and any(c.isalnum() for c in text) else text
