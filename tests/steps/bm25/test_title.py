"""The title field."""

import pytest

from ingest.steps.bm25.hashing import title_id
from ingest.steps.bm25.title import NO_TITLE, title_terms
from tests.lexical import lexical_scores


def has(filename: str, term: str) -> bool:
    return title_id(term) in title_terms(filename).ids


@pytest.mark.parametrize(
    "filename",
    [
        "Mietvertrag-Schulze-2021.txt",
        "mietvertrag_schulze_2021.pdf",
        "MietvertragSchulze2021.docx",
        "Mietvertrag Schulze (2021).odt",
        "archive/Mietvertrag.Schulze.2021.tar",
        "C:\\docs\\Mietvertrag Schulze 2021.txt",
    ],
)
def test_a_file_is_found_by_the_words_of_its_name(filename: str) -> None:
    documents = {filename: "The parties agree.", "other.txt": "The parties agree."}

    scores = lexical_scores("Mietvertrag Schulze 2021", documents, titles=True)

    assert scores[filename] > scores["other.txt"] == 0.0


def test_a_date_in_a_name_is_found_in_another_form() -> None:
    documents = {"report_20240501.txt": "Some text.", "report_20240105.txt": "Some text."}

    scores = lexical_scores("report of 2024-05-01", documents, titles=True)

    assert scores["report_20240501.txt"] > scores["report_20240105.txt"]


def test_the_extension_is_no_title() -> None:
    assert not has("report.pdf", "pdf")
    assert has("report.pdf", "report")


def test_a_word_of_the_text_weighs_more_than_one_of_the_title() -> None:
    documents = {"gardening.txt": "Some notes.", "notes.txt": "About gardening.", "c.txt": "Other."}

    scores = lexical_scores("gardening", documents, titles=True)

    assert scores["notes.txt"] > scores["gardening.txt"] > scores["c.txt"] == 0.0


def test_headings_weigh_less_than_the_name_of_the_file() -> None:
    terms = title_terms("dogs.txt", ("Cats", "Dogs"))
    weights = dict(zip(terms.ids.tolist(), terms.values.tolist(), strict=True))

    assert weights[title_id("dog")] > weights[title_id("cat")] > 0


def test_a_long_path_of_headings_is_cut_and_the_nearest_stay() -> None:
    headings = tuple(f"alpha{number} beta{number} gamma{number}" for number in range(100))

    ids = set(title_terms("name.txt", headings).ids.tolist())

    assert len(ids) <= 64
    assert {title_id("name"), title_id("beta99")} <= ids
    assert title_id("beta0") not in ids


def test_a_long_name_is_cut() -> None:
    assert len(title_terms("word " * 100_000).ids) < 5


def test_stop_words_are_no_title() -> None:
    assert not has("the dog.txt", "the")


def test_no_names_have_no_title() -> None:
    assert title_terms("").ids.tolist() == NO_TITLE.ids.tolist() == []
