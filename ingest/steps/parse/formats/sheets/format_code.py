"""Parse the number format codes of spreadsheets (ECMA-376 part 1, 18.8.31) into sections of tokens."""

import re
from dataclasses import dataclass
from typing import Literal

TokenKind = Literal["literal", "digit", "point", "comma", "percent", "exponent", "slash", "date", "elapsed", "ampm"]
SectionKind = Literal["general", "number", "scientific", "fraction", "date", "text"]

_MAX_CODE_CHARACTERS = 1000  # Excel allows 255
_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)"? | \\(?P<escaped>.) | _(?P<space>.) | \*(?P<fill>.) | \[(?P<bracket>[^\]]*)\]
    | (?P<general>general|standard) | (?P<ampm>am/pm|a/p|上午/下午) | (?P<exponent>e[+-])
    | (?P<date>y+|m+|d+|h+|s+|e+|b+|g+|a{3,}) | (?P<digit>[0#?]) | (?P<end>;) | (?P<other>.)
    """,
    re.I | re.S | re.X,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?)$", re.I)
_ELAPSED = re.compile(r"(h+|m+|s+)$", re.I)
_SPECIAL = {".": "point", ",": "comma", "%": "percent", "/": "slash"}


@dataclass(frozen=True)
class Token:
    """One token of a section. `kind` is a TokenKind, or "general" or "text" for these two placeholders."""

    kind: str
    text: str


@dataclass(frozen=True)
class Section:
    """One section of a format code: how the numbers that its condition selects are shown."""

    kind: SectionKind
    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None = None

    @property
    def shows_only_negatives(self) -> bool:
        """Return whether the condition selects negative numbers only, so that the section itself marks them."""
        if self.condition is None:
            return False
        operator, operand = self.condition
        return (operator in ("<", "<=") and operand <= 0) or (operator == "=" and operand < 0)


def parse_code(code: str) -> list[Section]:
    """Return the sections of a format code, at least one. Colours and languages are dropped."""
    sections: list[Section] = []
    tokens: list[Token] = []
    condition: tuple[str, float] | None = None
    for match in _TOKEN.finditer(code[:_MAX_CODE_CHARACTERS]):
        name, text = match.lastgroup or "other", match[match.lastgroup or "other"]
        if name == "end":
            sections.append(_section(tokens, condition))
            tokens, condition = [], None
        elif name == "bracket" and (found := _CONDITION.match(text.strip())):
            condition = found[1], float(found[2])
        elif token := _token(name, text):
            tokens.append(token)
    sections.append(_section(tokens, condition))
    return sections


def _token(name: str, text: str) -> Token | None:
    match name:
        case "quoted" | "escaped":
            return Token("literal", text)
        case "space":
            return Token("literal", " ")
        case "fill":
            return None
        case "bracket":
            return _bracket(text)
        case "other" if text == "@":
            return Token("text", text)
        case "other":
            return Token(_SPECIAL.get(text, "literal"), text)
        case "date":
            return Token("date", text)
        case _:
            return Token(name, text)


def _bracket(text: str) -> Token | None:
    """Return the token of [$€-407] (a currency) or [hh] (elapsed time); colours and languages have none."""
    if text.startswith("$"):
        currency = text[1:].partition("-")[0]
        return Token("literal", currency) if currency else None
    return Token("elapsed", text.lower()) if _ELAPSED.match(text) else None


def _section(tokens: list[Token], condition: tuple[str, float] | None) -> Section:
    kinds = {token.kind for token in tokens}
    if _is_date(tokens, kinds):
        lower = [Token("date", token.text.lower()) if token.kind == "date" else token for token in tokens]
        return Section("date", tuple(_with_minutes(lower)), condition)
    tokens = [Token("literal", token.text) if token.kind in ("date", "ampm") else token for token in tokens]
    if "text" in kinds:
        return Section("text", tuple(tokens), condition)
    if "general" in kinds:
        return Section("general", tuple(tokens), condition)
    if "exponent" in kinds and "digit" in kinds:
        return Section("scientific", tuple(tokens), condition)
    return Section("fraction" if _is_fraction(tokens) else "number", tuple(tokens), condition)


def _is_date(tokens: list[Token], kinds: set[str]) -> bool:
    """Return whether letters stand for parts of a date: not beside digits, except for fractions of a second.

    Some programs write units without quotes, for example `0.00 EUR`.
    """
    if not kinds & {"date", "elapsed"} or kinds & {"text", "general", "exponent"}:
        return False
    after_seconds = False
    for token in tokens:
        if token.kind == "digit" and not after_seconds:
            return False
        if token.kind in ("date", "elapsed"):
            after_seconds = token.text.startswith("s")
    return True


def _with_minutes(tokens: list[Token]) -> list[Token]:
    """Return date tokens with "n" for minutes: an m that follows hours or precedes seconds is not a month."""
    result = list(tokens)
    units = [(index, token) for index, token in enumerate(tokens) if token.kind in ("date", "elapsed")]
    for position, (index, token) in enumerate(units):
        if token.kind == "date" and token.text[0] == "m" and len(token.text) <= 2:
            before = units[position - 1][1].text[0] if position else ""
            after = units[position + 1][1].text[0] if position + 1 < len(units) else ""
            if before == "h" or after == "s":
                result[index] = Token("date", "n" * len(token.text))
    return result


def _is_fraction(tokens: list[Token]) -> bool:
    slash = next((index for index, token in enumerate(tokens) if token.kind == "slash"), 0)
    if not 0 < slash < len(tokens) - 1:
        return False
    after = tokens[slash + 1]
    return tokens[slash - 1].kind == "digit" and (after.kind == "digit" or after.text.isdecimal())
