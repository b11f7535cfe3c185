"""Bullets and automatic numbers of paragraphs (ECMA-376 part 1, 21.1.2.4), which a slide may inherit."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ingest.steps.parse.formats.ooxml.xml import child, local_name, to_int
from ingest.steps.parse.formats.roman import roman_numeral

MAX_LEVEL = 8
_SIGNS = frozenset(["buNone", "buChar", "buAutoNum", "buBlip"])
_MAX_NUMBER = 5000


@dataclass
class Numbers:
    """The current automatic number of each level of a text body."""

    _counts: dict[int, tuple[str, int]] = field(default_factory=dict)

    def mark(self, bullet: Any, level: int) -> str:
        """Return the mark of a paragraph: "-" for a bullet, its number, or "" for a paragraph without either."""
        for deeper in [key for key in self._counts if key > level]:
            del self._counts[deeper]
        name = "" if bullet is None else local_name(bullet)
        if name != "buAutoNum":
            self._counts.pop(level, None)
            return "" if name in ("", "buNone") else "-"
        scheme, start = bullet.get("type", "arabicPeriod"), to_int(bullet.get("startAt", ""), 1)
        key = f"{scheme} {start}"
        before = self._counts.get(level)
        number = before[1] + 1 if before is not None and before[0] == key else start
        self._counts[level] = (key, number)
        return _format_number(scheme, number)


def paragraph_level(properties: Any) -> int:
    """Return the level of a paragraph from its properties (a:pPr), 0 for the outermost."""
    return 0 if properties is None else min(to_int(properties.get("lvl", "")), MAX_LEVEL)


def find_bullet(properties: Any, level: int, styles: Iterable[Any]) -> Any:
    """Return the element that gives a paragraph its bullet or number: its own, or of the first list style that has one."""
    own = _bullet_of(properties)
    if own is not None:
        return own
    for style in styles:
        inherited = _bullet_of(child(style, f"lvl{level + 1}pPr"))
        if inherited is not None:
            return inherited
    return None


def _bullet_of(properties: Any) -> Any:
    if properties is None:
        return None
    for node in properties.iterchildren("*"):
        if local_name(node) in _SIGNS:
            return node
    return None


def _format_number(scheme: str, number: int) -> str:
    """Return a number in a scheme like "alphaLcParenBoth": (c)."""
    if scheme.startswith("alpha"):
        text = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 10)
    elif scheme.startswith("roman"):
        text = _roman(number)
    else:
        text = str(number)
    if "Uc" in scheme:
        text = text.upper()
    if scheme.endswith("ParenBoth"):
        return f"({text})"
    if scheme.endswith("ParenR"):
        return f"{text})"
    return text if scheme.endswith("Plain") else f"-{text}-" if scheme.endswith("Minus") else f"{text}."


def _roman(number: int) -> str:
    if not 0 < number < _MAX_NUMBER:
        return str(number)
    return roman_numeral(number)
