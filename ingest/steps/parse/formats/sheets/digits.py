"""Put the digits of a number in the places of a number format: decimals, groups, percentages, powers, fractions."""

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from fractions import Fraction

from ingest.steps.parse.formats.sheets.format_code import Section, Token

_MAX_DECIMALS = 30
_CONTEXT = Context(prec=400)
_MAX_PLAIN_DIGITS = 14  # a float has noise behind them, which 0.000000000000000000 would show
_HALF_UP = 4.5e-16  # two units in the last place: 2.675 is stored as slightly less and becomes 2.68, as in a sheet
_PLAIN_PLACES = re.compile(r"#*0(\.0+)?")


def format_general(value: float) -> str:
    """Return a number with up to 15 digits, as many as Excel has: 0.1 + 0.2 is 0.3."""
    return f"{value:.15g}"


def compile_digits(section: Section) -> Callable[[float], str]:
    """Return a function that shows a number that is not negative as the section does, which is not one of a date."""
    match section.kind:
        case "number":
            return _Layout(section.tokens).show
        case "scientific":
            return _Scientific(section.tokens).show
        case "fraction":
            return _Fraction(section.tokens).show
        case _:
            return lambda value: _show_general(section, value)


def _show_general(section: Section, value: float) -> str:
    return "".join(
        format_general(value) if token.kind == "general" else _shown_literal(token) for token in section.tokens
    )


def _shown_literal(token: Token) -> str:
    return token.text if token.kind in ("literal", "percent", "slash", "comma", "point") else ""


def _round(number: Decimal, decimals: int) -> str:
    """Return the digits of a number rounded as in a sheet: halves go up."""
    try:
        return f"{number.quantize(Decimal((0, (1,), -decimals)), ROUND_HALF_UP, _CONTEXT):f}"
    except InvalidOperation:
        return f"{number:f}"


class _Layout:
    """The places for digits in a section, and what stands between them."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self.percents = min(sum(token.kind == "percent" for token in tokens), 5)
        digits = [index for index, token in enumerate(tokens) if token.kind == "digit"]
        point = next((index for index, token in enumerate(tokens) if token.kind == "point"), None)
        self._point = len(tokens) if point is None else point
        whole = [index for index in digits if index < self._point]
        self.decimals = min(len(digits) - len(whole), _MAX_DECIMALS)
        end = whole[-1] if whole else self._point
        commas = [index for index, token in enumerate(tokens) if token.kind == "comma"]
        # Commas behind the last digit, or behind the last one before the point, each divide by a thousand.
        behind = {index for index in commas if whole and end < index < self._point}
        behind |= set(_run_of_commas(tokens, digits[-1] + 1)) if digits else set()
        self._is_grouped = any(whole and whole[0] < index < end for index in commas)
        self._scale = 2 * self.percents - 3 * len(behind)
        self._tokens = [
            Token("skipped", "") if index in behind or (index in commas and whole and whole[0] < index < end) else token
            for index, token in enumerate(tokens)
        ]
        self._plain = self._plain_parts()
        self._factor = 10.0**self._scale
        self._plain_end = 10.0 ** (_MAX_PLAIN_DIGITS - self.decimals)
        self._specification = f"{',' if self._is_grouped else ''}.{self.decimals}f"

    def show(self, value: float) -> str:
        """Return a number in the places of the section."""
        if self._plain and value * self._factor < self._plain_end:  # ten times as fast
            value *= self._factor
            before, after = self._plain
            return f"{before}{value + value * _HALF_UP:{self._specification}}{after}"
        text = format_general(value)
        number = Decimal(text).scaleb(self._scale) if self._scale else Decimal(text)
        return self.fill(_round(number, self.decimals))

    def fill(self, number: str) -> str:
        """Return the section with the digits of a rounded number in its places."""
        if self._plain:
            return self._fill_plain(number)
        whole, _, fraction = number.partition(".")
        before = self._fill_whole(whole.lstrip("0"))
        after = self._fill_fraction(fraction)
        return before + after

    def _plain_parts(self) -> tuple[str, str] | None:
        """Return what stands before and after the digits if the places are like 0.00 or #,##0, as in most formats."""
        used = [index for index, token in enumerate(self._tokens) if token.kind in ("digit", "point")]
        if not used:
            return None
        inner = self._tokens[used[0] : used[-1] + 1]
        if any(token.kind not in ("digit", "point", "skipped") for token in inner):
            return None
        if not _PLAIN_PLACES.fullmatch("".join(token.text for token in inner)):
            return None
        before, after = self._tokens[: used[0]], self._tokens[used[-1] + 1 :]
        return "".join(map(_shown_literal, before)), "".join(map(_shown_literal, after))

    def _fill_plain(self, number: str) -> str:
        assert self._plain
        if self._is_grouped:
            whole, point, fraction = number.partition(".")
            number = f"{int(whole):,}{point}{fraction}"
        return f"{self._plain[0]}{number}{self._plain[1]}"

    def _fill_whole(self, digits: str) -> str:
        tokens = self._tokens[: self._point]
        places = [index for index, token in enumerate(tokens) if token.kind == "digit"]
        if not places:
            words = "".join(map(_shown_literal, tokens))
            has_fraction_only = self._point < len(self._tokens) and self.decimals
            return words + digits if has_fraction_only else words
        zero = next((index for index in places if tokens[index].text == "0"), len(tokens))
        parts: list[str] = []
        count = 0
        for index in range(len(tokens) - 1, -1, -1):
            if tokens[index].kind != "digit":
                parts.append(_shown_literal(tokens[index]))
                continue
            run = digits if index == places[0] else digits[-1:]
            digits = "" if index == places[0] else digits[:-1]
            if not run:
                run = "0" if index >= zero else " " if tokens[index].text == "?" else ""
            for digit in reversed(run):
                if self._is_grouped and count and count % 3 == 0 and digit != " ":
                    parts.append(",")
                parts.append(digit)
                count += 1
        return "".join(reversed(parts))

    def _fill_fraction(self, digits: str) -> str:
        tokens = self._tokens[self._point + 1 :]
        required = [number for number, token in enumerate(_digits(tokens), 1) if token.text == "0"]
        kept = max(len(digits.rstrip("0")), max(required, default=0))
        parts = ["." if kept else ""]
        number = 0
        for token in tokens:
            if token.kind == "digit":
                parts.append(digits[number : number + 1] if number < kept else "")
                number += 1
            else:
                parts.append(_shown_literal(token))
        return "".join(parts)


def _run_of_commas(tokens: tuple[Token, ...], start: int) -> Iterator[int]:
    while start < len(tokens) and tokens[start].kind == "comma":
        yield start
        start += 1


def _digits(tokens: Iterable[Token]) -> list[Token]:
    return [token for token in tokens if token.kind == "digit"]


class _Scientific:
    """A section like 0.00E+00."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        position = next(index for index, token in enumerate(tokens) if token.kind == "exponent")
        mantissa, self._rest = tokens[:position], tokens[position + 1 :]
        self._layout = _Layout(mantissa)
        point = next((index for index, token in enumerate(mantissa) if token.kind == "point"), len(mantissa))
        self._step = max(1, len(_digits(mantissa[:point])))
        self._plus = "+" if tokens[position].text.endswith("+") else ""
        self._width = max(1, min(len(_digits(self._rest)), 5))

    def show(self, value: float) -> str:
        number = Decimal(format_general(value)).scaleb(2 * self._layout.percents)
        exponent = number.adjusted() // self._step * self._step if number else 0
        digits = _round(number.scaleb(-exponent), self._layout.decimals)
        if len(digits.partition(".")[0]) > self._step:  # rounding made 9.99 to 10.0
            exponent += self._step
            digits = _round(number.scaleb(-exponent), self._layout.decimals)
        sign = "-" if exponent < 0 else self._plus
        power = f"E{sign}{abs(exponent):0{self._width}}"
        return f"{self._layout.fill(digits)}{power}{''.join(map(_shown_literal, self._rest))}"


class _Fraction:
    """A section like # ?/? or # ?/16."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        slash = next(index for index, token in enumerate(tokens) if token.kind == "slash")
        start, end = slash, slash + 1
        while start and tokens[start - 1].kind == "digit":
            start -= 1
        while end < len(tokens) and (tokens[end].kind == "digit" or tokens[end].text.isdecimal()):
            end += 1
        places = [index for index in range(start) if tokens[index].kind == "digit"]
        self._has_whole = bool(places)
        self._denominator = "".join(token.text for token in tokens[slash + 1 : end])
        self._before = "".join(map(_shown_literal, tokens[: places[0] if places else start]))
        self._after = "".join(map(_shown_literal, tokens[end:]))

    def show(self, value: float) -> str:
        number = Fraction(format_general(value))
        whole = int(number) if self._has_whole else 0
        top, bottom = _approximate(number - whole, self._denominator)
        if self._has_whole and top == bottom:
            whole, top = whole + 1, 0
        parts = [str(whole)] if whole or (self._has_whole and not top) else []
        parts += [f"{top}/{bottom}"] if top or not self._has_whole else []
        return self._before + " ".join(parts) + self._after


def _approximate(value: Fraction, denominator: str) -> tuple[int, int]:
    """Return the fraction nearest to `value`; the denominator is a number or places for its digits."""
    if denominator.isdecimal() and denominator.strip("0"):
        bottom = int(denominator[:9])
        return int(value * bottom + Fraction(1, 2)), bottom
    nearest = value.limit_denominator(max(1, 10 ** min(len(denominator), 9) - 1))
    return nearest.numerator, nearest.denominator
