"""Number format codes as sections of tokens."""

import pytest

from ingest.steps.parse.formats.sheets.format_code import Token, parse_code


def _kinds(code: str) -> list[str]:
    return [section.kind for section in parse_code(code)]


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("General", ["general"]),
        ("#,##0.00;[Red](#,##0.00);0;@", ["number", "number", "number", "text"]),
        ("0.00E+00", ["scientific"]),
        ("# ?/?", ["fraction"]),
        ("# ?/16", ["fraction"]),
        ("0/", ["number"]),
        ("dd/mm/yyyy", ["date"]),
        ("[h]:mm", ["date"]),
        ("mm:ss.00", ["date"]),
        ("0.00 EUR", ["number"]),
        ('0 "days"', ["number"]),
        ("", ["number"]),
    ],
)
def test_each_section_has_its_kind(code: str, kinds: list[str]) -> None:
    assert _kinds(code) == kinds


@pytest.mark.parametrize(
    ("code", "tokens"),
    [
        ('[Red]\\x"quoted"_)*-0', [("literal", "x"), ("literal", "quoted"), ("literal", " "), ("digit", "0")]),
        ("[$€-407] 0", [("literal", "€"), ("literal", " "), ("digit", "0")]),
        ("[$-409]0%", [("digit", "0"), ("percent", "%")]),
        ("H:MM", [("date", "h"), ("literal", ":"), ("date", "nn")]),
        ("m:ss", [("date", "n"), ("literal", ":"), ("date", "ss")]),
        ("h mmm", [("date", "h"), ("literal", " "), ("date", "mmm")]),
        ("d/m", [("date", "d"), ("slash", "/"), ("date", "m")]),
        ("[HH]", [("elapsed", "hh")]),
        ('"open', [("literal", "open")]),
    ],
)
def test_a_section_has_tokens_without_colours_and_languages(code: str, tokens: list[tuple[str, str]]) -> None:
    (section,) = parse_code(code)

    assert section.tokens == tuple(Token(*token) for token in tokens)


@pytest.mark.parametrize(
    ("code", "condition", "shows_only_negatives"),
    [
        ("[>=1000]0", (">=", 1000.0), False),
        ("[<0]0", ("<", 0.0), True),
        ("[<= -1.5e2]0", ("<=", -150.0), True),
        ("[<5]0", ("<", 5.0), False),
        ("[=-1]0", ("=", -1.0), True),
        ("[Red]0", None, False),
    ],
)
def test_a_section_has_its_condition(
    code: str, condition: tuple[str, float] | None, *, shows_only_negatives: bool
) -> None:
    (section,) = parse_code(code)

    assert (section.condition, section.shows_only_negatives) == (condition, shows_only_negatives)


def test_a_code_without_end_is_cut() -> None:
    (section,) = parse_code("0" * 100_000)

    assert len(section.tokens) == 1000
