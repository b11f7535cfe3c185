"""Which texts are folded as near-duplicates, and which are not."""

import random
from dataclasses import replace

import pytest

from ingest.db.content.members import LiveFile
from ingest.search import near_duplicates, search
from ingest.search.near_duplicates import distinct, fold
from ingest.search.options import SearchOptions
from ingest.search.passages import RankedPassage
from ingest.steps.index import Hit
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

WORDS = [
    "harbour",
    "ledger",
    "night",
    "fog",
    "otter",
    "heron",
    "council",
    "bridge",
    "timber",
    "salt",
    "measure",
    "winter",
    "letter",
    "copper",
    "garden",
    "engine",
    "river",
    "market",
    "signal",
    "branch",
    "paper",
    "stone",
    "window",
    "barley",
    "lantern",
    "ferry",
    "quarry",
    "orchard",
    "velvet",
    "anchor",
]


def long_text(seed: int, words: int = 120) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def with_word(text: str, position: int, word: str) -> str:
    words = text.split()
    words[position] = word
    return " ".join(words)


def ranked(*texts: str, query: str = "q") -> list[RankedPassage]:
    return [
        RankedPassage(
            Hit(row, 1, 0, text, 0.0),
            LiveFile(1, f"file-{row}", f"{row}.txt", {}, "m"),
            model="m",
            query=query,
            dense=None,
            lexical=None,
            score=1.0 - row / 100,
            fused_score=0.0,
        )
        for row, text in enumerate(texts)
    ]


def folded(*texts: str, query: str = "q") -> list[list[int]]:
    """Return the numbers of the texts in each group, the shown one first."""
    passages = fold(ranked(*texts, query=query), wanted=None)
    return [[each.hit.row for each in (passage, *passage.duplicates)] for passage in passages]


def test_the_best_of_the_same_texts_is_shown_and_the_others_are_named() -> None:
    assert folded(long_text(1), long_text(2), long_text(1), long_text(1)) == [[0, 2, 3], [1]]


@pytest.mark.parametrize(
    "variant",
    [
        with_word(long_text(1), 60, "submarine"),
        long_text(1).upper(),
        long_text(1).replace(" ", ", "),
        long_text(1) + " The end.",
        "  " + long_text(1).replace(" ", "\n"),
    ],
)
def test_a_long_text_with_a_small_change_is_folded(variant: str) -> None:
    assert folded(long_text(1), variant) == [[0, 1]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The contract value is 1,300,000 dollars.", "The contract value is 1,301,000 dollars."),
        (long_text(1) + " The price is 1.5 euros.", long_text(1) + " The price is 15 euros."),
        (long_text(1) + " It was -5 degrees.", long_text(1) + " It was 5 degrees."),
        (long_text(1) + " version 1.2.3", long_text(1) + " version 2.1.3"),
    ],
)
def test_texts_with_different_numbers_are_not_folded(first: str, second: str) -> None:
    assert folded(first, second) == [[0], [1]]


def test_short_texts_are_folded_only_if_their_words_are_the_same() -> None:
    assert folded("Vitamin A prevents blindness.", "vitamin a prevents blindness") == [[0, 1]]
    assert folded("Vitamin A prevents blindness.", "Vitamin B prevents blindness.") == [[0], [1]]
    assert folded("The dog bites the man.", "The man bites the dog.") == [[0], [1]]


def test_a_name_that_the_query_asks_for_is_not_folded_away() -> None:
    berg, meyer = with_word(long_text(1), 50, "Berg"), with_word(long_text(1), 50, "Meyer")

    assert folded(berg, meyer, query="letters about the harbour") == [[0, 1]]
    assert folded(berg, meyer, query="letters of Meyer") == [[0], [1]]


@pytest.mark.parametrize("words", [255, 256, 257, 600])
def test_texts_of_any_length_are_found_by_a_sample_of_their_shingles(words: int) -> None:
    text = " ".join(f"{word}{random.Random(5).choice('xyz')}" for word in long_text(5, words).split())

    assert folded(text, with_word(text, words // 2, "submarine"), long_text(6, words)) == [[0, 1], [2]]


def test_half_of_a_text_is_no_duplicate_of_it() -> None:
    words = long_text(1).split()

    assert folded(" ".join(words[:80]), " ".join(words[40:])) == [[0], [1]]


def test_scripts_without_spaces_are_compared_by_characters() -> None:
    text = "".join(random.Random(3).choices([chr(0x4E00 + n) for n in range(300)], k=200))

    assert folded(text, text[:100] + "龍" + text[101:]) == [[0, 1]]
    assert folded(text, text[:100]) == [[0], [1]]


def test_folding_ends_when_enough_passages_were_found() -> None:
    texts = [long_text(seed) for seed in range(40)]

    assert len(fold(ranked(*texts), wanted=5)) == 15
    assert len(fold(ranked(*[texts[0]] * 20, *texts), wanted=5)) == 5


def test_the_number_of_compared_texts_is_bounded_and_copies_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "MAX_COMPARED", 3)
    texts = [*[long_text(1)] * 5, long_text(2), long_text(3), long_text(4)]

    assert folded(*texts) == [[0, 1, 2, 3, 4], [5], [6]]
    assert len(distinct([passage.hit for passage in ranked(*texts)], "q", None)) == 3


def test_many_texts_with_the_same_boilerplate_are_told_apart() -> None:
    texts = [f"{long_text(1)} number {row}" for row in range(200)]

    assert len(folded(*texts, texts[150])) == 200


def test_distinct_hits_are_counted_up_to_the_wanted_number() -> None:
    hits = [passage.hit for passage in ranked(long_text(1), long_text(1), long_text(2), long_text(3))]

    assert [hit.row for hit in distinct(hits, "q", 2)] == [0, 2]
    assert [hit.row for hit in distinct(hits, "q", None)] == [0, 2, 3]


def test_duplicates_of_folded_passages_stay_named() -> None:
    first, second = ranked(long_text(1), long_text(1))
    [other] = ranked(long_text(9))

    [kept] = fold([replace(first, duplicates=(other,)), second], wanted=1)

    assert [each.hit.row for each in kept.duplicates] == [other.hit.row, second.hit.row]


def test_a_search_goes_deeper_when_folding_leaves_too_few(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.search.retrieval.FIRST_DEPTH", 4)
    copies, others = ["a heron at dawn"] * 6, ["a heron and an otter", "heron fishing in the fog at noon"]
    store, ids = attach_texts(services, *copies, *others)
    run_published_jobs(services)

    options = SearchOptions(limit=3, fold_duplicates=True)
    results = search.search_store(services, CALLER, store, ["heron dawn"], options).results

    assert sorted(result.text for result in results) == sorted({*copies, *others})
    [shown] = [result for result in results if result.text == copies[0]]
    assert {shown.file_id, *(each.file_id for each in shown.duplicates or ())} == set(ids[:6])
    assert all(not result.duplicates for result in results if result is not shown)


def test_without_folding_every_copy_is_a_result(services: FakeServices) -> None:
    store, ids = attach_texts(services, *["a heron at dawn"] * 3)
    run_published_jobs(services)

    results = search.search_store(services, CALLER, store, ["heron"], SearchOptions(limit=10)).results

    assert sorted(result.file_id for result in results) == sorted(ids)
    assert all(result.duplicates is None for result in results)
