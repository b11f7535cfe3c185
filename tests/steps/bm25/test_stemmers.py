"""Stems by language."""

import pytest

from ingest.steps.bm25.stemmers import ALGORITHMS, stem


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("ar", "كتاب", "الكتاب"),
        ("da", "husene", "huset"),
        ("de", "kündigungen", "kündigung"),
        ("el", "δρόμοι", "δρόμος"),
        ("en", "contracts", "contract"),
        ("es", "contratos", "contrato"),
        ("fi", "talossa", "talon"),
        ("fr", "contrats", "contrat"),
        ("hu", "házban", "házak"),
        ("it", "contratti", "contratto"),
        ("nl", "huizen", "huizen"),
        ("no", "husene", "huset"),
        ("pt", "contratos", "contrato"),
        ("ro", "contractele", "contractelor"),
        ("ru", "договоры", "договора"),
        ("sv", "bilar", "bilen"),
        ("ta", "காடுகள்", "காடு"),
        ("tr", "evler", "evlerin"),
        ("uk", "книги", "книга"),
    ],
)
def test_inflected_forms_of_a_word_have_one_stem(language: str, one: str, other: str) -> None:
    assert stem(one, language) == stem(other, language)


def test_a_language_without_an_algorithm_leaves_words_as_they_are() -> None:
    assert stem("smlouvy", "cs") == "smlouvy"


def test_text_of_no_known_language_is_stemmed_as_english() -> None:
    assert stem("running", "") == stem("running", "en") == "run"


def test_every_algorithm_exists() -> None:
    assert all(stem("a", language) == "a" for language in ALGORITHMS if language not in {"el", "ru", "bg", "sr", "uk"})
