"""Folded words."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.bm25.folding import fold, lower, with_two_letters


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("dog", "dog"),
        ("Caf\u00c9", "cafe"),
        ("\u00fcber", "uber"),
        ("Stra\u00dfe", "strasse"),
        ("\u0152uvre", "oeuvre"),
        ("\u00c6r\u00f8", "aero"),
        ("\u0141\u00f3d\u017a", "lodz"),
        ("\u0110\u1eb7ng", "dang"),  # Vietnamese: letters with two marks
        ("\u0130stanbul", "istanbul"),
        ("\u0131\u015f\u0131k", "isik"),
        ("\u039f\u0394\u038c\u03a3", "\u03bf\u03b4\u03bf\u03c3"),
        ("\u03bf\u03b4\u03cc\u03c2", "\u03bf\u03b4\u03bf\u03c3"),
        ("\u0401\u043b\u043a\u0430", "\u0435\u043b\u043a\u0430"),
        ("\u0430\u0301", "\u0430"),  # a stress mark on a Cyrillic letter
        ("\u0623\u064e\u062d\u0645\u062f", "\u0627\u062d\u0645\u062f"),
        ("\u0645\u0640\u0640\u062f\u0631\u0633\u0629", "\u0645\u062f\u0631\u0633\u0647"),
        ("\u06a9\u062a\u0627\u0628\u06cc", "\u0643\u062a\u0627\u0628\u064a"),
        ("\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\u0662\u0660\u0662\u0664", "2024"),
        ("\u096b", "5"),
    ],
)
def test_spellings_of_a_word_have_one_form(word: str, folded: str) -> None:
    assert fold(lower(word)) == folded


@pytest.mark.parametrize("word", ["\u0439", "\u0457", "\u304c", "\u30d1", "\ud55c", "\u0958"])
def test_a_mark_that_makes_another_letter_stays(word: str) -> None:
    assert fold(word) == word


def test_a_word_of_marks_alone_stays() -> None:
    assert fold("\u0301") == "\u0301"


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("KAPI", "tr", "kap\u0131"),
        ("\u0130Z\u0130N", "tr", "izin"),
        ("KAPI", "en", "kapi"),
        ("\u0130zin", "en", "izin"),
        ("STRASSE", "de", "strasse"),
    ],
)
def test_capitals_have_the_lower_case_of_their_language(word: str, language: str, expected: str) -> None:
    assert lower(word, language) == expected


def test_an_umlaut_is_also_written_as_two_letters() -> None:
    assert with_two_letters("m\u00fcller") == "mueller"
    assert with_two_letters("\u00e5lborg\u00e9") == "aalborge"
    assert with_two_letters("dog") == "dog"


@given(st.text(max_size=20))
def test_folding_twice_is_folding_once(text: str) -> None:
    word = lower(unicodedata.normalize("NFKC", text))
    assert fold(fold(word)) == fold(word)
