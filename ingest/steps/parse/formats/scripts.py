"""Superscripts and subscripts in plain text: an exponent must not run into its base (10⁵ is not 105).

Characters that Unicode has as superscripts or subscripts become these; the rest is marked with "^" or "_".
"""

import re
from itertools import pairwise

_SUPERSCRIPTS = str.maketrans("0123456789+-\u2212=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_SUBSCRIPTS = str.maketrans("0123456789+-\u2212=()aeoxhklmnpstijruv", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ")
_SPECIAL = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ")
_MAX_CHARACTERS = 24
"""Longer text is raised or lowered for its looks."""

# Ends of ordinals and of abbreviations are one word with what precedes them: 1st, XIXe, 2ème, Mlle, Sra.
_ENDINGS = re.compile(
    r"st|nd[es]?|rd|r[ae]s?|th|ers?|res|ère|ème|eme|es?|bis|ter|lles?|mes?|gr|os|as|t[ao]|sr|mc", re.I
)
_SIGNS = {"o": "º", "a": "ª", "TM": "™", "SM": "℠"}


def superscript(text: str) -> str:
    """Return `text` as a superscript: "5" is "⁵", "n+1" is "ⁿ⁺¹", "max" is "^max", "th" is "th".

    White space around it, footnote signs, and text with brackets or spaces stay as they are.
    """
    inner = text.strip()
    if inner in _SIGNS:
        return text.replace(inner, _SIGNS[inner])
    if _ENDINGS.fullmatch(inner):
        return text
    return _write(text, inner, _SUPERSCRIPTS, "^")


def subscript(text: str) -> str:
    """Return `text` as a subscript: "2" is "₂", "i" is "ᵢ", "max" is "_max". See `superscript`."""
    return _write(text, text.strip(), _SUBSCRIPTS, "_")


def _write(text: str, inner: str, characters: dict[int, int], mark: str) -> str:
    """Return `text` with `inner`, its part without the white space, raised or lowered."""
    if not inner or len(inner) > _MAX_CHARACTERS or inner[0] in "[{(*":
        return text
    if not _has_word(inner):
        written = inner.translate(characters)
        if not any(character.isalnum() and character not in _SPECIAL for character in written):
            return text.replace(inner, written)
    if " " in inner:
        return text
    is_one = inner.lstrip("-\u2212").isalnum() or inner.endswith((")", "]", "."))
    return text.replace(inner, f"{mark}{inner}" if is_one else f"{mark}({inner})")


def _has_word(text: str) -> bool:
    return any(first.isalpha() and second.isalpha() for first, second in pairwise(text))


def exponent(text: str) -> str:
    """Return an exponent or an upper limit in a formula: "2" is "²", "k" is "^k", "a+b" is "^(a+b)"."""
    return _write_in_formula(text, _SUPERSCRIPTS, "^")


def index(text: str) -> str:
    """Return an index or a lower limit in a formula: "i" is "ᵢ", "max" is "_max", "a,b" is "_(a,b)"."""
    return _write_in_formula(text, _SUBSCRIPTS, "_")


def _write_in_formula(text: str, characters: dict[int, int], mark: str) -> str:
    text = text.strip()
    if not _has_word(text) and all(ord(character) in characters for character in text):
        return text.translate(characters)
    return f"{mark}{text}" if text.isalnum() else f"{mark}({text})"
