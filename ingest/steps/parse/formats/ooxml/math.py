"""Formulas of Office files (OMML) as one line: (a+b)/c, x², √(x+1), ∑ᵢ₌₁ⁿ i (ECMA-376 part 1, 22.1)."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from ingest import normal_forms
from ingest.steps.parse.formats.ooxml.xml import attribute, child, child_value, children, is_on, local_name
from ingest.steps.parse.formats.scripts import exponent, index

_MAX_DEPTH = 60
"""Nested structures; deeper ones are read without structure."""

_MAX_SCRIPT = 40  # characters at the end of a formula that are searched for an open script
_PROPERTIES = frozenset(["ctrlPr", "rPr", "del", "moveFrom", "argPr", "oMathParaPr", "instrText", "delText"])
_OPEN_SCRIPT = re.compile(r"[_^]\w+$")  # what follows would belong to it
_ONE_OPERAND = re.compile(r"\d+([.,]\d+)?|[^\W\d]+\d*")
_COMBINING = {"^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303", "¯": "\u0304", "→": "\u20d7"}


def math_text(element: Any, depth: int = 0) -> str:
    """Return the text of a formula, or of any part of one. The formulas of a paragraph are separated by line ends."""
    name = local_name(element)
    if depth > _MAX_DEPTH:
        return _plain("".join(element.itertext("{*}t")))
    if name == "t":
        return _plain(element.text or "")
    if name == "oMathPara":
        return "\n".join(filter(None, (math_text(formula, depth + 1) for formula in children(element, "oMath"))))
    if name == "sym":
        from ingest.steps.parse.formats.symbols import symbol

        return symbol(attribute(element, "font"), attribute(element, "char"))
    write = _STRUCTURES.get(name)
    return write(element, depth + 1) if write else _sequence(element, depth + 1)


def _sequence(element: Any, depth: int) -> str:
    """Return the parts of an expression in order. Words and numbers of different parts do not run together."""
    text = ""
    was_structure = False
    for node in element.iterchildren("*"):
        name = local_name(node)
        if name in _PROPERTIES or name.endswith("Pr"):
            continue
        part = math_text(node, depth)
        is_structure = name in _SPACED
        if text and part and _is_word_end(part[0]):
            is_apart = (is_structure or was_structure) and _is_word_end(text[-1])
            text += " " if is_apart or _OPEN_SCRIPT.search(text[-_MAX_SCRIPT:]) else ""
        text += part
        was_structure = is_structure
    return text


def _is_word_end(character: str) -> bool:
    return character.isalnum() or character in "√∛∜"


def _argument(element: Any, name: str, depth: int) -> str:
    node = child(element, name)
    return "" if node is None else _sequence(node, depth).strip()


def _group(text: str) -> str:
    """Return an operand in brackets unless it is one number, word or bracketed expression."""
    if not text or _ONE_OPERAND.fullmatch(text) or all(map(_is_letter_or_script, text)):
        return text
    if text[0] == "(" and text[-1] == ")" and "(" not in text[1:] and ")" not in text[:-1]:
        return text
    return f"({text})"


def _is_letter_or_script(character: str) -> bool:
    return (
        character.isalpha()
        or character in "'′\u0302\u0303\u0304\u20d7"
        or unicodedata.decomposition(character).startswith(("<super>", "<sub>"))
    )


def _fraction(element: Any, depth: int) -> str:
    top, bottom = _argument(element, "num", depth), _argument(element, "den", depth)
    if child_value(element, "fPr", "type") == "noBar":  # a binomial coefficient is written like this, inside brackets
        return f"{top} ¦ {bottom}"
    return f"{_group(top)}/{_group(bottom)}"


def _scripts(element: Any, depth: int) -> str:
    base = _group(_argument(element, "e", depth))
    lower, upper = _argument(element, "sub", depth), _argument(element, "sup", depth)
    return f"{base}{index(lower)}{exponent(upper)}"


def _leading_scripts(element: Any, depth: int) -> str:
    lower, upper = _argument(element, "sub", depth), _argument(element, "sup", depth)
    return f"{index(lower)}{exponent(upper)}{_group(_argument(element, 'e', depth))}"


def _radical(element: Any, depth: int) -> str:
    hides_degree = child(element, "radPr", "degHide")
    degree = "" if hides_degree is not None and is_on(hides_degree) else _argument(element, "deg", depth)
    content = _group(_argument(element, "e", depth))
    if degree in ("", "2"):
        return f"√{content}"
    return {"3": "∛", "4": "∜"}.get(degree, f"{exponent(degree)}√") + content


def _sum(element: Any, depth: int) -> str:
    sign = _character(element, "naryPr", "chr", "∫")
    lower, upper = _argument(element, "sub", depth), _argument(element, "sup", depth)
    return f"{sign}{index(lower)}{exponent(upper)} {_argument(element, 'e', depth)}"


def _delimiters(element: Any, depth: int) -> str:
    begin = _character(element, "dPr", "begChr", "(")
    end = _character(element, "dPr", "endChr", ")")
    separator = _character(element, "dPr", "sepChr", "|")
    return begin + separator.join(_sequence(node, depth).strip() for node in children(element, "e")) + end


def _character(element: Any, properties: str, name: str, default: str) -> str:
    """Return a character from the properties of a structure; it may be set to nothing."""
    node = child(element, properties, name)
    return default if node is None else attribute(node, "val")


def _function(element: Any, depth: int) -> str:
    name, argument = _argument(element, "fName", depth), _argument(element, "e", depth)
    return f"{name}{argument}" if argument.startswith(("(", "[", "{")) else f"{name} {argument}"


def _limit(element: Any, depth: int) -> str:
    base, limit = _argument(element, "e", depth), _argument(element, "lim", depth)
    return base + (index(limit) if local_name(element) == "limLow" else exponent(limit))


def _matrix(element: Any, depth: int) -> str:
    rows = (", ".join(_sequence(cell, depth).strip() for cell in children(row, "e")) for row in children(element, "mr"))
    return f"[{'; '.join(rows)}]"


def _equations(element: Any, depth: int) -> str:
    return "; ".join(filter(None, (_sequence(node, depth).strip() for node in children(element, "e"))))


def _accent(element: Any, depth: int) -> str:
    base = _argument(element, "e", depth)
    if local_name(element) == "bar":
        is_below = child_value(element, "barPr", "pos") != "top"
        mark = "\u0332" if is_below else "\u0304"
    else:
        mark = _character(element, "accPr", "chr", "\u0302")
        mark = _COMBINING.get(mark, mark)
    return base + mark if len(base) == 1 and unicodedata.combining(mark or " ") else base


def _plain(text: str) -> str:
    """Return text with the mathematical letters (𝑥, 𝐀) as plain ones, and without invisible operators."""
    if text.isascii():
        return text
    plain = (normal_forms.normalize("NFKC", c) if "\U0001d400" <= c <= "\U0001d7ff" else c for c in text)
    return "".join(c for c in plain if not "\u2061" <= c <= "\u2064")


_STRUCTURES: dict[str, Callable[[Any, int], str]] = {
    "f": _fraction,
    "sSup": _scripts,
    "sSub": _scripts,
    "sSubSup": _scripts,
    "sPre": _leading_scripts,
    "rad": _radical,
    "nary": _sum,
    "d": _delimiters,
    "func": _function,
    "limLow": _limit,
    "limUpp": _limit,
    "m": _matrix,
    "eqArr": _equations,
    "acc": _accent,
    "bar": _accent,
    "br": lambda element, depth: "\n",
    "tab": lambda element, depth: " ",
}
_SPACED = frozenset(["f", "nary", "func", "rad", "sPre"])
