"""Compounds of German and Dutch."""

import pytest

from ingest.steps.bm25.compounds import parts
from ingest.steps.bm25.forms import terms_of
from ingest.steps.bm25.stemmers import stem


@pytest.mark.parametrize(
    ("language", "compound", "words"),
    [
        ("de", "kündigungsfrist", ["kündigung", "frist"]),
        ("de", "kündigungsfristen", ["kündigung", "frist"]),
        ("de", "mietvertrag", ["miete", "vertrag"]),
        ("de", "krankenversicherung", ["kranken", "versicherung"]),
        ("de", "preisliste", ["preis", "liste"]),
        ("de", "wohnungsübergabeprotokoll", ["wohnung", "übergabe", "protokoll"]),
        ("nl", "opzegtermijn", ["opzeg", "termijn"]),
        ("nl", "ziektekostenverzekering", ["ziekte", "kosten", "verzekering"]),
    ],
)
def test_a_compound_has_the_stems_of_its_words(language: str, compound: str, words: list[str]) -> None:
    assert list(parts(compound, language)) == [stem(word, language) for word in words]


@pytest.mark.parametrize(
    "word", ["unterschrift", "verzeichnis", "information", "einstellungen", "verantwortung", "frist"]
)
def test_a_word_that_is_no_compound_is_not_split(word: str) -> None:
    assert parts(word, "de") == ()


@pytest.mark.parametrize("language", ["en", "fr", ""])
def test_other_languages_have_no_compounds(language: str) -> None:
    assert parts("mietvertrag", language) == ()


@pytest.mark.parametrize("word", ["", "s" * 64, "vertrag" * 9, "2021-mietvertrag", "mietvertrag2"])
def test_odd_words_are_no_compounds_or_few_words(word: str) -> None:
    assert len(parts(word, "de")) <= 4


def test_a_compound_and_the_phrase_with_its_words_share_terms() -> None:
    compound = terms_of("Kündigungsfrist", "de")

    assert {*terms_of("Frist", "de").primary, *terms_of("Kündigung", "de").primary} <= {*compound.compound}
