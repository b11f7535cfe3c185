"""The terms of queries."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.bm25 import count_terms, query_terms, query_vector
from ingest.steps.bm25.forms import WordForms, terms_of
from ingest.steps.bm25.hashing import term_id, title_id
from ingest.steps.bm25.query import MAX_TERMS
from ingest.steps.bm25.weights import TITLE
from ingest.steps.vectors import SparseVector
from tests.lexical import lexical_order, lexical_scores


def weights(query: str) -> dict[str, float]:
    """Return the weights of a query's terms in the text."""
    terms = query_terms(query)
    of_ids = zip(terms.vector.indices, terms.vector.values, strict=True)
    return {terms.words[i]: weight for i, weight in of_ids if term_id(terms.words[i]) == i}


def matched_share(query: str, document: str) -> float:
    """Return the weight of the query's terms that the document has, as a share of the weight of its words."""
    terms = query_terms(query)
    ids = set(count_terms(document).ids.tolist())
    matched = sum(w for i, w in zip(terms.vector.indices, terms.vector.values, strict=True) if i in ids)
    return matched / terms.primary_weight if terms.primary_weight else 0.0


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("running dog", "The dogs run."),
        ("zqmark000123", "see zqmark000123, below"),
        ("MAX tokens", "the option max_tokens is"),
        ("max_tokens", "the option Max_Tokens is"),
        ("ＦＵＬＬ width", "full width"),
        ("Straße", "STRASSE"),
        ("東京", "私は東京都に住んでいます"),
        ("猫", "猫が好きです"),
        ("한국", "한국어를 배웁니다"),
        ("हिन्दी", "यह हिन्दी है"),
        ("cafe\u0301", "Café"),
        ("2024", "on 2024-05-01"),
        ("user name", "def getUserName(self)"),
        ("get user name", "getUserName"),
        ("getUserName", "get_user_name"),
        ("email", "my e-mail"),
        ("iphone", "the iPhone"),
        ("1250000", "1,250,000"),
        ("1,250,000", "1250000"),
        ("1 250 000", "1.250.000"),
        ("cafe", "Caf\u00e9"),
        ("Muller", "M\u00fcller"),
        ("\u0130stanbul", "ISTANBUL"),
        ("\u0645\u062f\u0631\u0633\u0629", "\u0645\u064e\u062f\u0631\u0633\u0647"),
        ("c++", "modern C++17"),
        ("DE89370400440532013000", "IBAN DE89 3704 0044 0532 0130 00"),
        ("oeuvre", "\u0153uvre"),
    ],
)
def test_a_query_matches_equivalent_forms_of_its_words(query: str, document: str) -> None:
    assert matched_share(query, document) >= 1.0


def test_mueller_matches_muller_with_an_umlaut_by_a_form() -> None:
    assert matched_share("Mueller", "M\u00fcller") > 0
    assert matched_share("M\u00fcller", "Mueller") > 0


def test_unrelated_words_do_not_match() -> None:
    assert matched_share("hovercraft eels", "The dogs run.") == 0.0


@pytest.mark.parametrize(
    ("query", "best", "others"),
    [
        ("1.2.3", "version 1.2.3 is out", ["version 3.2.1 is out", "version 2.1.3 is out", "version 1.2.30 is out"]),
        ("v1.2.3", "version 1.2.3 is out", ["version 1.3.2 is out", "version 12.3 is out"]),
        (
            "AB-1234-56",
            "part AB-1234-56 fits",
            ["part AB-56-1234 fits", "part 1234-AB-56 fits", "part AB-123-456 fits"],
        ),
        ("anna.berg@example.org", "ask anna.berg@example.org", ["ask berg.anna@example.org", "ask anna@example.org"]),
        ("1250000", "costs 1,250,000 euros", ["costs 1,251,000 euros", "costs 1,000,250 euros"]),
        ("1300000", "costs 1.300.000 euros", ["costs 1.301.000 euros", "costs 1.000.300 euros"]),
        ("3.14", "about 3,14 metres", ["about 14,3 metres", "about 31,4 metres"]),
        ("getUserName", "call getUserName now", ["call setUserName now", "call userNameGet now"]),
        ("user_name_get", "call userNameGet now", ["call getUserName now", "call name_user_get now"]),
        ("src/search/index.py", "see src/search/index.py", ["see src/index/search.py", "see search/src/py.index"]),
        ("2024-05-01", "due on 01.05.2024 at noon", ["due on 05.01.2024 at noon", "due on 01.04.2025 at noon"]),
        ("192.168.0.1", "host 192.168.0.1 is up", ["host 192.168.1.0 is up", "host 1.0.168.192 is up"]),
        ("C++", "written in C++ mostly", ["written in C mostly", "written in C# mostly"]),
        (".NET", "uses .NET widely", ["uses net widely"]),
        ("lack of vitamin A", "on vitamin A", ["on vitamin B", "a vitamin", "give a vitamin C"]),
        ("chapter 12", "see chapter 12, figure 3", ["see chapter 3, figure 12"]),
        ("github", "see GitHub pages", ["see git pages", "see hub pages"]),
        ("organization", "the organization grew", ["the organ grew"]),
        ("sch\u00f6n", "das ist sch\u00f6n", ["das ist schon"]),
    ],
)
def test_the_order_and_the_form_of_words_decide(query: str, best: str, others: list[str]) -> None:
    assert lexical_order(query, [*others, best])[0] == best


def test_nearly_equal_numbers_are_told_apart() -> None:
    documents = [f"The contract value is {number:,} dollars." for number in range(1_300_000, 1_360_000, 1_000)]

    for number in (1_300_000, 1_301_000, 1_359_000):
        assert lexical_order(str(number), documents) == [f"The contract value is {number:,} dollars."]


def test_a_query_in_an_unspaced_script_prefers_pairs_of_characters() -> None:
    documents = ["\u4eac\u306e\u6771", "\u6771\u4eac"]

    assert lexical_order("\u6771\u4eac", documents) == ["\u6771\u4eac", "\u4eac\u306e\u6771"]
    assert weights("\u6771\u4eac") == {"\u6771\u4eac": 1.0, "\u6771": 0.5, "\u4eac": 0.5}


def test_a_query_of_one_character_of_an_unspaced_script_is_a_word() -> None:
    assert weights("\u6771") == {"\u6771": 1.0}


def test_an_exponent_or_a_footnote_is_not_part_of_its_word() -> None:
    assert set(weights("Model")) == {"model"}
    assert not set(query_vector("105").indices) & set(count_terms("10\u2075 bytes").ids)
    assert list(query_vector("H\u2082O").indices) == list(query_vector("H2O").indices)


def test_stop_words_are_left_out_of_a_query() -> None:
    assert query_vector("what is the dog of it") == query_vector("dog")


def test_a_query_of_stop_words_alone_matches_them() -> None:
    assert matched_share("to be or not to be", "To be, or not to be, that is the question") >= 1.0


@pytest.mark.parametrize("query", ["", "  ", "?!", "___", "\0"])
def test_a_query_without_words_has_no_terms(query: str) -> None:
    terms = query_terms(query)

    assert (terms.vector, terms.primary_weight, terms.words) == (SparseVector([], []), 0.0, {})


@pytest.mark.parametrize(
    ("query", "primary_weight"),
    [
        ("dog", 1),
        ("running dogs", 2),
        ("the dog", 1),
        ("dog dogs", 2),
        ("1.2.3", 3),
        ("1,250,000", 1),
        ("getUserName", 1),
        ("max_tokens", 2),
        ("\u6771\u4eac\u90fd", 2),
    ],
)
def test_the_denominator_counts_each_word_once(query: str, primary_weight: float) -> None:
    assert query_terms(query).primary_weight == primary_weight


def test_a_repeated_word_of_a_query_weighs_more() -> None:
    assert weights("run cat running") == {"run": 2.0, "cat": 1.0, "running": 0.3}


@pytest.mark.parametrize(
    "query", ["running", "the", "getUserName", "max_tokens", "a.b", "\u0e01\u0e02", "\u6771\u4eac"]
)
def test_a_word_three_times_has_three_times_the_weight(query: str) -> None:
    one, three = query_terms(query, ["en", "de"]), query_terms(" ! ".join([query] * 3), ["en", "de"])

    assert three.primary_weight == pytest.approx(3 * one.primary_weight)
    assert three.vector.indices == one.vector.indices
    former = {term_id("getusernam")}  # of a store of terms 1: has one weight however often it occurs
    for term, of_one, of_three in zip(one.vector.indices, one.vector.values, three.vector.values, strict=True):
        assert of_three == pytest.approx(of_one if term in former else 3 * of_one)


def test_the_forms_of_a_repeated_word_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Counter[str]()

    def count(word: str, language: str) -> WordForms:
        calls[word] += 1
        return terms_of(word, language)

    monkeypatch.setattr("ingest.steps.bm25.query.terms_of", count)

    query_terms("\ufdfa" * 1_000 + " dog" * 1_000)

    assert set(calls.values()) == {1}


def test_every_term_is_also_looked_for_in_the_title() -> None:
    vector = query_vector("dog")

    assert dict(zip(vector.indices, vector.values, strict=True)) == {term_id("dog"): 1.0, title_id("dog"): TITLE}


def test_a_store_of_terms_1_is_still_found() -> None:
    # crc32 of what version 1 made of them: the English stem of the word in lower case
    for query, former in (("houses", "hous"), ("getUserName", "getusernam"), ("caf\u00e9s", "caf\u00e9")):
        assert term_id(former) in query_vector(query).indices


def test_stems_of_all_languages_of_a_store_are_looked_for() -> None:
    terms = query_terms("houses", ["en", "de"])

    assert terms.primary_weight == 1.0
    assert term_id("hous") in terms.vector.indices


def test_ids_are_distinct_ascending_and_have_positive_weights() -> None:
    vector = query_vector("The quick getUserName 1.2.3 1,000,000 \u6771\u4eac caf\u00e9")

    assert list(vector.indices) == sorted(set(vector.indices))
    assert min(vector.values) > 0


@given(st.text(max_size=100))
def test_a_text_matches_its_own_query(text: str) -> None:
    terms = query_terms(text)
    assert matched_share(text, text) >= (0.99 if terms.primary_weight else 0.0)


ORDERS = st.lists(st.sampled_from(["1", "2", "12", "ab", "cd"]), min_size=2, max_size=4).flatmap(
    lambda parts: st.tuples(st.just(parts), st.permutations(parts))
)


@given(ORDERS, st.sampled_from("-._/"))
def test_an_identifier_finds_itself_before_another_order(orders: tuple[list[str], list[str]], sign: str) -> None:
    query, other = (sign.join(parts) for parts in orders)
    if query != other:
        scores = lexical_scores(query, {"own": f"see {query}", "other": f"see {other}"})
        assert scores["own"] > scores["other"]


@given(st.text(min_size=1, max_size=20))
def test_case_does_not_change_the_matches_of_a_word(text: str) -> None:
    if text.isascii() and query_terms(text.upper()).primary_weight:
        assert matched_share(text.upper(), text.lower()) >= 0.99


def test_a_query_has_a_bounded_number_of_terms_the_heaviest_ones() -> None:
    ideographs = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
    terms = query_terms("often often often " + ideographs)

    assert len(terms.vector.indices) <= 2 * MAX_TERMS
    assert "often" in terms.words.values()


def test_the_unfolded_characters_of_a_query_are_bounded() -> None:
    assert query_terms("\ufdfa" * 32_768).primary_weight <= 65_536 / 4  # it has four words
