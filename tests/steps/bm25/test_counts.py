"""Terms of texts and of their parts."""

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.bm25 import TermCounts, count_terms, count_terms_in_parts
from ingest.steps.bm25.hashing import term_id

count_terms_in_parts(
    "\ufb01n \u00e9l\u00e8ve \u00a0", [(0, 3)]
)  # builds the tables of characters before tests with a deadline


def as_tuple(counts: TermCounts) -> tuple[list[int], list[int], int]:
    return list(counts.ids), list(counts.counts), counts.length


def test_counts_of_two_texts_add_up() -> None:
    both = count_terms("the dog, 1.2.3").plus(count_terms("dog cats"))

    assert as_tuple(both) == as_tuple(count_terms("the dog, 1.2.3\ndog cats"))


def test_a_word_counts_once_for_the_length_whatever_its_forms() -> None:
    assert count_terms("the running dog and getUserName").length == 3


def test_all_forms_of_a_word_are_terms_of_the_text() -> None:
    ids = count_terms("version 1.2.3 of C# costs 1,250,000").ids

    assert {term_id(term) for term in ("version", "1_2_3", "1", "c#", "1250000", "250")} <= set(ids.tolist())


def test_stop_words_do_not_make_a_text_longer() -> None:
    assert count_terms("the dog and the cat").length == 2


@given(st.text(max_size=300))
def test_ids_are_distinct_ascending_32_bit_numbers(text: str) -> None:
    counts = count_terms(text)

    assert list(counts.ids) == sorted(set(counts.ids))
    assert all(0 <= term < 2**32 for term in counts.ids)
    assert len(counts.ids) == len(counts.counts)


WORDS = [
    "Dog",
    "dogs",
    "max_tokens",
    "the",
    "__",
    "a1",
    ".",
    "  ",
    "\n",
    "1.2.3",
    "getUserName",
    "x-y",
    "1,250,000",
    "C#",
]
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
        patch.setattr("ingest.steps.bm25.counts._GROUP_CHARACTERS", 2 * size)
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


def test_a_part_in_an_unspaced_script_has_the_terms_of_its_own_text() -> None:
    assert as_tuple(count_terms_in_parts("caf\u00e9 \u6771\u4eac", [(5, 7)])[0]) == as_tuple(
        count_terms("\u6771\u4eac")
    )


def test_a_part_has_an_identifier_that_begins_in_it() -> None:
    text = "see anna.berg@example.org now"
    first, second = count_terms_in_parts(text, [(0, 10), (10, len(text))])

    assert term_id("annabergexampleorg") in first.ids
    assert not {term_id("bergexampleorg"), term_id("annabergexampleorg")} & set(second.ids.tolist())


def test_a_part_in_the_middle_of_an_identifier_does_not_make_another_one() -> None:
    text = "1.2.3.4.5 " * 20_000
    parts = [(start, start + 1_003) for start in range(0, len(text), 1_003)]

    for part in count_terms_in_parts(text, parts):
        assert term_id("1_2_3_4_5") in part.ids
        assert term_id("3_4_5") not in part.ids


@pytest.mark.parametrize("unit", ["a.", "x", "1,250,", "aB", "_a", "\u6771", "\u0301", "\u0e01", "12 "])
def test_hostile_texts_take_linear_time(unit: str) -> None:
    text = unit * (500_000 // len(unit))
    started = time.process_time()

    count_terms_in_parts(text, [(start, start + 3_200) for start in range(0, len(text), 1_600)])

    assert time.process_time() - started < 8


def test_each_part_is_counted_in_its_language() -> None:
    text = "b\u00fccher und hauses. running houses"
    parts = [(0, 19), (19, len(text))]

    counted = count_terms_in_parts(text, parts, ["de", "en"])

    expected = [count_terms(text[:19], "de"), count_terms(text[19:], "en")]
    assert [as_tuple(part) for part in counted] == [as_tuple(part) for part in expected]
