"""Terms and BM25 weights of texts and queries."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.bm25 import TermCounts, _term_cache, count_terms, count_terms_in_parts, document_vector, query_vector
from ingest.steps.vectors import SparseVector


def as_tuple(counts: TermCounts) -> tuple[list[int], list[int], int]:
    return list(counts.ids), list(counts.counts), counts.length


def term_counts(ids: list[int], counts: list[int], length: int) -> TermCounts:
    return TermCounts(np.array(ids), np.array(counts), length)


def matched_share(query: str, document: str) -> float:
    """Return the share of the query's terms that the document has."""
    ids = query_vector(query).indices
    return len(set(ids) & set(count_terms(document).ids.tolist())) / len(ids) if ids else 0.0


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
    ],
)
def test_a_query_matches_equivalent_forms_of_its_words(query: str, document: str) -> None:
    assert matched_share(query, document) == 1.0


def test_unrelated_words_do_not_match() -> None:
    assert matched_share("hovercraft eels", "The dogs run.") == 0.0


def test_a_query_in_an_unspaced_script_matches_by_pairs_of_characters() -> None:
    assert matched_share("東京", "京の東") == 0.0


def test_an_exponent_or_a_footnote_is_not_part_of_its_word() -> None:
    assert set(query_vector("Model").indices) <= set(count_terms("The Model\u00b9 is new").ids)
    assert not set(query_vector("105").indices) & set(count_terms("10\u2075 bytes").ids)
    assert list(query_vector("H\u2082O").indices) == list(query_vector("H2O").indices)


def test_stop_words_are_left_out_of_a_query() -> None:
    assert query_vector("what is the dog of it") == query_vector("dog")


def test_a_query_of_stop_words_alone_matches_them() -> None:
    assert matched_share("to be or not to be", "To be, or not to be, that is the question") == 1.0


@pytest.mark.parametrize("query", ["", "  ", "?!", "___", "\0"])
def test_a_query_without_words_has_no_terms(query: str) -> None:
    assert query_vector(query) == SparseVector([], [])


def test_stop_words_do_not_make_a_text_longer() -> None:
    assert count_terms("the dog and the cat").length == 2


def test_weights_are_those_of_bm25() -> None:
    counts = term_counts([1, 2], [1, 3], 200)

    vector = document_vector(counts, mean_length=100.0)

    assert list(vector.indices) == [1, 2]
    assert list(vector.values) == pytest.approx([1 * 2.2 / (1 + 1.2 * 1.75), 3 * 2.2 / (3 + 1.2 * 1.75)])


def test_a_mean_length_of_zero_means_the_length_of_the_text_itself() -> None:
    assert list(document_vector(term_counts([1], [1], 10), 0.0).values) == pytest.approx([1.0])


def test_a_repeated_word_of_a_query_weighs_more() -> None:
    assert sorted(query_vector("dog cat dogs").values) == [1.0, 2.0]


def test_term_ids_never_change() -> None:
    assert list(count_terms("dog").ids) == [0x812C397D]  # crc32 of "dog": changing it makes every index unreadable


@given(st.text(max_size=300))
def test_ids_are_distinct_ascending_32_bit_numbers(text: str) -> None:
    counts = count_terms(text)

    assert list(counts.ids) == sorted(set(counts.ids))
    assert all(0 <= term < 2**32 for term in counts.ids)
    assert len(counts.ids) == len(counts.counts)


@given(st.text(max_size=100))
def test_a_text_matches_its_own_query(text: str) -> None:
    assert set(query_vector(text).indices) <= set(count_terms(text).ids)


WORDS = ["Dog", "dogs", "max_tokens", "the", "__", "a1", ".", "  ", "\n"]
OTHER_WORDS = [
    "\u00c9l\u00e8ve",
    "na\u00efve\u2026",
    "\u00b2",
    "\ufb01n",
    "e\u0301",
    "\u6771\u4eac\uff0c",
    "\u0939\u093f",
    "\u2014",
]


@given(st.lists(st.sampled_from(WORDS), max_size=60) | st.lists(st.sampled_from(WORDS + OTHER_WORDS), max_size=60))
def test_a_part_that_cuts_no_word_has_the_terms_of_its_text(words: list[str]) -> None:
    text = " ".join(words)
    cut = len(" ".join(words[: len(words) // 2]))

    whole, first, second = count_terms_in_parts(text, [(0, len(text)), (0, cut), (cut, len(text))])

    assert as_tuple(whole) == as_tuple(count_terms(text))
    assert as_tuple(first) == as_tuple(count_terms(text[:cut]))
    assert as_tuple(second) == as_tuple(count_terms(text[cut:]))


@given(st.lists(st.sampled_from(WORDS + OTHER_WORDS[:2] + ["\u6771\u4eac"]), max_size=60), st.integers(1, 30))
def test_the_size_of_a_group_of_parts_does_not_change_their_terms(words: list[str], size: int) -> None:
    text = "\u00e9".join(words)
    parts = [(start, start + size) for start in range(0, len(text), max(1, size // 2))]
    at_once = [as_tuple(part) for part in count_terms_in_parts(text, parts)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.steps.bm25._GROUP_CHARACTERS", 2 * size)
        assert [as_tuple(part) for part in count_terms_in_parts(text, parts)] == at_once


def test_a_word_across_two_parts_is_counted_in_the_part_where_it_begins() -> None:
    first, second = count_terms_in_parts("brown dogs bark", [(0, 8), (8, 15)])

    assert (list(first.ids), list(second.ids)) == (list(count_terms("brown dogs").ids), list(count_terms("bark").ids))


@pytest.mark.parametrize(
    ("text", "cut", "first", "second"),
    [
        ("chi\u00eans dorm\u00eds \u2014 chat", 9, "chi\u00eans dorm\u00eds", "chat"),
        ("a\u00a0b\u2026 caf\u00e9 noir", 6, "a b caf\u00e9", "noir"),
        ("max_tokens \u2014 of_it", 4, "max_tokens", "of_it"),
    ],
)
def test_a_word_with_accents_is_counted_where_it_begins(text: str, cut: int, first: str, second: str) -> None:
    parts = count_terms_in_parts(text, [(0, cut), (cut, len(text))])

    assert [as_tuple(part) for part in parts] == [as_tuple(count_terms(first)), as_tuple(count_terms(second))]


def test_characters_and_pairs_of_an_unspaced_run_are_counted_where_they_begin() -> None:
    whole, first, second = count_terms_in_parts("\u6771\u4eac\u90fd", [(0, 3), (0, 2), (2, 3)])

    assert as_tuple(whole) == as_tuple(count_terms("\u6771\u4eac\u90fd"))
    assert (first.length, second.length) == (4, 1)
    assert as_tuple(second) == as_tuple(count_terms("\u90fd"))


def test_a_character_with_a_one_to_one_normal_form_does_not_move_words() -> None:
    first, second = count_terms_in_parts("max_\uff54okens \u2082\uff0c the dog", [(0, 5), (5, 20)])

    assert [as_tuple(first), as_tuple(second)] == [
        as_tuple(count_terms("max_tokens")),
        as_tuple(count_terms("2 the dog")),
    ]


def test_memory_for_a_long_text_does_not_grow_with_it() -> None:
    def peak(characters: int) -> int:
        text = "".join(chr(0x4E00 + i * i % 20_000) for i in range(characters))
        tracemalloc.start()
        count_terms_in_parts(text, [(start, start + 800) for start in range(0, characters, 400)])
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak_bytes

    peak(150_000)  # fills the cache of words
    assert peak(300_000) < 1.5 * peak(150_000)


@pytest.mark.parametrize("text", ["e\u0301tude \ufb01n", "\u00bd dose"])
def test_parts_of_a_text_whose_normal_form_has_another_length_are_counted_on_their_own(text: str) -> None:
    end = text.index(" ")

    assert as_tuple(count_terms_in_parts(text, [(0, end)])[0]) == as_tuple(count_terms(text[:end]))


def test_a_full_word_cache_does_not_change_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "foo1_bar1 foo2 foo3_bar3 foo1_bar1 foo4"
    with monkeypatch.context() as patch:
        patch.setattr("ingest.steps.bm25._MAX_CACHED_WORDS", 1)
        with_small_cache = as_tuple(count_terms(text))
        assert len(_term_cache) == 1

    assert with_small_cache == as_tuple(count_terms(text))
    assert with_small_cache[2] == 5


def test_a_part_in_an_unspaced_script_has_the_terms_of_its_own_text() -> None:
    assert as_tuple(count_terms_in_parts("caf\u00e9 \u6771\u4eac", [(5, 7)])[0]) == as_tuple(
        count_terms("\u6771\u4eac")
    )
