"""Characters of symbol fonts."""

import pytest

from ingest.steps.parse.formats.symbols import is_symbol_font, symbol, symbol_text


@pytest.mark.parametrize(
    ("font", "code", "text"),
    [
        ("Symbol", "F0B3", "≥"),
        ("symbol", "B1", "±"),
        ("Symbol", "F061", "α"),
        ("Symbol", "F0FE", "⎭"),
        ("Wingdings", "F0FC", "✔"),
        ("Wingdings", "F04A", "☺"),
        ("Wingdings", "F0E0", "→"),
        ("Wingdings 2", "F052", "☑"),
        ("Webdings", "F061", "✓"),
        ("ZapfDingbats", "34", "✔"),
        ("Wingdings 3", "F0FF", "•"),
        ("Arial", "2022", "•"),
        ("", "F0B7", "•"),
        ("Symbol", "no code", ""),
        ("Symbol", "D800", ""),
        ("Symbol", "7FFFFFFF", ""),
    ],
)
def test_a_code_is_its_character(font: str, code: str, text: str) -> None:
    assert symbol(font, code) == text


def test_letters_in_a_symbol_font_are_its_symbols() -> None:
    assert symbol_text("Symbol", "Dm = 5") == "Δμ = 5"
    assert symbol_text("Arial", "Dm") == "Dm"
    assert is_symbol_font("Wingdings")
    assert not is_symbol_font("Arial")
