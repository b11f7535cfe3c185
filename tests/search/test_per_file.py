"""The cap on passages of one file: the best ones stay, and a search looks deeper to fill its limit."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.search import per_file, retrieval
from ingest.search.options import SearchOptions
from ingest.search.search import search_store
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs
from tests.search.passages import passages_of

PARAGRAPH = "word " * 700


@pytest.mark.parametrize(
    ("cap", "kept"), [(None, [0, 1, 2, 3, 4, 5]), (1, [0, 1, 4]), (2, [0, 1, 2, 3, 4]), (9, [0, 1, 2, 3, 4, 5])]
)
def test_of_each_file_the_first_passages_stay_in_their_order(cap: int | None, kept: list[int]) -> None:
    passages = passages_of(1, 2, 1, 2, 3, 1)

    assert per_file.cap_per_file(passages, cap) == [passages[number] for number in kept]


@given(st.lists(st.integers(1, 4)), st.none() | st.integers(1, 5))
def test_the_count_within_a_cap_is_the_number_of_passages_that_it_leaves(rows: list[int], cap: int | None) -> None:
    assert per_file.count_within_cap(rows, cap) == len(per_file.cap_per_file(passages_of(*rows), cap))


def test_a_search_returns_the_best_passage_of_each_file(services: FakeServices) -> None:
    store, ids = attach_texts(services, f"heron {PARAGRAPH} {PARAGRAPH} otter", "heron", "otter")
    run_published_jobs(services)
    options = SearchOptions(limit=10, max_per_file=1)

    capped = search_store(services, CALLER, store, ["heron"], options).results
    every = search_store(services, CALLER, store, ["heron"], replace(options, max_per_file=None)).results

    assert sorted(result.file_id for result in capped) == sorted(ids)
    assert len(every) > len(capped)
    assert capped == [
        result for number, result in enumerate(every) if result.file_id not in {each.file_id for each in every[:number]}
    ]


def test_a_search_goes_deeper_until_its_limit_is_filled(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "FIRST_DEPTH", 2)
    store, ids = attach_texts(services, f"{PARAGRAPH} " * 12, "word other things", "nothing of it")
    run_published_jobs(services)

    results = search_store(services, CALLER, store, ["word"], SearchOptions(limit=3, max_per_file=1)).results

    assert sorted(result.file_id for result in results) == sorted(ids)


def test_a_cap_that_no_store_can_fill_ends_with_the_files_there_are(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, f"{PARAGRAPH} " * 3)
    run_published_jobs(services)

    results = search_store(services, CALLER, store, ["word"], SearchOptions(limit=10, max_per_file=2)).results

    assert [result.file_id for result in results] == [file_id, file_id]
