"""Words that signs join."""

import time

import pytest

from ingest.steps.bm25.joints import Joints
from ingest.steps.bm25.normalization import normalize
from ingest.steps.bm25.words import split


def terms(text: str) -> list[str]:
    return [term for _, term in Joints(split(normalize(text))).terms()]


@pytest.mark.parametrize(
    "text",
    [
        "1,250,000",
        "1.250.000",
        "1 250 000",
        "1'250'000",
        "1\u2019250\u2019000",
        "1\u00a0250\u00a0000",
        "1\u202f250\u202f000",
    ],
)
def test_a_number_in_groups_is_the_number(text: str) -> None:
    assert "1250000" in terms(f"It costs {text} euros.")


@pytest.mark.parametrize(("text", "term"), [("1,250.75", "1250_75"), ("1.250,75", "1250_75"), ("3,14", "3_14")])
def test_decimals_are_written_with_a_point_or_a_comma(text: str, term: str) -> None:
    assert term in terms(text)


@pytest.mark.parametrize("text", ["12,50,00", "1234,567", "250 euros, 000", "192.168.100.1", "1, 250", "1,25,000"])
def test_other_groups_are_no_number(text: str) -> None:
    assert not [term for term in terms(text) if term.isdigit() and len(term) > 4]


def test_a_list_of_numbers_has_no_decimals() -> None:
    assert terms("1,2,3,4") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [("in C++ or", "c++"), ("C++17", "c++"), ("C#", "c#"), ("F#.", "f#"), ("use .NET", ".net"), (".env", ".env")],
)
def test_signs_belong_to_some_names(text: str, name: str) -> None:
    assert name in terms(text)


@pytest.mark.parametrize("text", ["1 ++ 2", "and ...then", "End. Next", "5#", ".5", "a + b", "word#1"])
def test_other_signs_belong_to_no_name(text: str) -> None:
    assert terms(text) == []


@pytest.mark.parametrize(
    ("text", "term"),
    [("vitamin A", "vitamina"), ("Vitamin-A", "vitamina"), ("type 2", "type2"), ("H\u00e9patite B.", "hepatiteb")],
)
def test_a_letter_or_a_number_after_a_word_designates_it(text: str, term: str) -> None:
    assert term in terms(text)


@pytest.mark.parametrize(
    "text",
    ["give a dog", "that I am", "end. A dog", "word, B", "version 1.2", "about 1,250", "in 2021", "x 5", "word  5"],
)
def test_other_letters_and_numbers_designate_nothing(text: str) -> None:
    assert not [term for term in terms(text) if term[0].isalpha()]


def test_a_query_may_have_a_small_letter_as_a_designation() -> None:
    assert [term for _, term in Joints(split("vitamin a")).designations(any_case=True)] == ["vitamina"]


@pytest.mark.parametrize("text", ["DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19"])
def test_an_iban_in_groups_is_one_term(text: str) -> None:
    assert text.replace(" ", "").lower() in terms(f"IBAN: {text}, please")


def test_the_place_of_a_joined_word_is_its_start() -> None:
    found = list(Joints(split("see 1.2.3 and 1,000,000")).terms())

    assert (4, "1_2_3") in found
    assert (14, "1000000") in found


@pytest.mark.parametrize("text", ["", "a", ".", "-a-", "a-", "\u6771\u4eac"])
def test_a_text_without_joined_words_has_no_such_terms(text: str) -> None:
    assert [term for term in terms(text) if term != "-a"] == []


@pytest.mark.parametrize("unit", ["a.", "1,", "123 ", "c#", ".a ", "1.", "a-1_", "AB12 "])
def test_hostile_chains_take_linear_time(unit: str) -> None:
    started = time.process_time()
    terms(unit * (400_000 // len(unit)))
    assert time.process_time() - started < 4
