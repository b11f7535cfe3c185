"""Identifiers and their parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.bm25 import identifiers
from ingest.steps.bm25.identifiers import MAX_WHOLE_CHARACTERS, terms_of_joined, whole


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("getUserName", ["get", "User", "Name"]),
        ("getHTTPResponse", ["get", "HTTP", "Response"]),
        ("HttpServer", ["Http", "Server"]),
        ("utf8Decoder", ["utf8", "Decoder"]),
        ("max_tokens", ["max", "tokens"]),
        ("__init__", ["init"]),
        ("userIDs", ["user", "IDs"]),
        ("\u00c9coleMaternelle", ["\u00c9cole", "Maternelle"]),
        ("Hello", ["Hello"]),
        ("NATO", ["NATO"]),
        ("GmbH", ["GmbH"]),
        ("aGVsbG8gV29ybGQhIQ", ["aGVsbG8gV29ybGQhIQ"]),
        ("___", []),
    ],
)
def test_a_word_is_split_at_underscores_and_capitals(word: str, parts: list[str]) -> None:
    assert identifiers.parts_of_word(word) == parts


@pytest.mark.parametrize(
    "spelling", ["get-user-name", "get.user.name", "get/user/name", "get_user-name", "GET:USER:NAME"]
)
def test_an_identifier_is_one_term_however_its_parts_are_joined(spelling: str) -> None:
    assert terms_of_joined(spelling)[0] == "getusername"


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("1.2.3", "1_2_3"),
        ("v1.2.3", "1_2_3"),
        ("release-1.2.3.tar.gz", "1_2_3"),
        ("AB-1234-56", "ab1234_56"),
        ("anna.berg@example.org", "annabergexampleorg"),
        ("e-mail", "email"),
        ("O'Brien", "obrien"),
        ("L\u2019Or\u00e9al-Paris", "orealparis"),
        ("3.14", "3_14"),
        ("2024-05-01T10:30", "2024_05_01"),
        ("01.05.2024", "2024_05_01"),
        ("5/1/2024", "2024_05_01"),
        ("5/1/2024", "2024_01_05"),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400e29b41d4a716446655440000"),
        ("00:1B:44:11:3a:b7", "001b44113ab7"),
        ("192.168.0.1", "192_168_0_1"),
        ("src/search/fusion.py", "searchfusion"),
        ("1.2.3", "1_2"),
    ],
)
def test_the_whole_of_an_identifier_is_a_term(text: str, term: str) -> None:
    assert term in terms_of_joined(text)


@pytest.mark.parametrize("text", ["don't", "it's", "Anna's", "l'eau", "d\u2019eau"])
def test_contractions_and_elisions_are_no_identifiers(text: str) -> None:
    assert terms_of_joined(text) == []


@pytest.mark.parametrize("text", ["99.99.2024", "1/13.2024", "1/2/3"])
def test_what_is_no_date_has_no_date(text: str) -> None:
    assert not [term for term in terms_of_joined(text) if term.startswith("2024_")]


def test_a_long_chain_of_words_is_data() -> None:
    assert terms_of_joined(".".join("a" * MAX_WHOLE_CHARACTERS)) == []


PARTS = st.lists(st.sampled_from(["a", "bc", "1", "23", "456"]), min_size=2, max_size=5)


@given(PARTS, PARTS)
def test_numbers_keep_their_order_and_their_ends(one: list[str], other: list[str]) -> None:
    if all(part.isdigit() for part in one + other):
        assert (whole(one) == whole(other)) == (one == other)


@given(PARTS, st.sampled_from("-./:"), st.sampled_from("-./:"))
def test_the_sign_between_the_parts_does_not_matter(parts: list[str], one: str, other: str) -> None:
    assert terms_of_joined(one.join(parts))[0] == terms_of_joined(other.join(parts))[0]
