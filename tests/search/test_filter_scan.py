"""Filters that are evaluated in the database before the search."""

import pytest

from ingest.errors import InvalidRequest
from ingest.search import filter_scan, search
from ingest.search.filter_scan import matching_rows
from ingest.steps.filters import Comparison, Compound, Filter
from ingest.stores import members
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

CONTAINS = Comparison("contains", "title", "Otter")
LONG_START = Comparison("starts_with", "title", "Letters from the harbour")


def attach_titles(services: FakeServices, *titles: str) -> tuple[str, list[str]]:
    store, ids = attach_texts(services, *[f"heron number {number}" for number in range(len(titles))])
    for file_id, title in zip(ids, titles, strict=True):
        members.update_attributes(services, CALLER, store, file_id, {"title": title})
    run_published_jobs(services)
    return store, ids


@pytest.mark.parametrize(
    "condition",
    [
        None,
        Comparison("eq", "title", "Letters from the harbour office"),
        Comparison("gte", "day", "2024-03-01T10:00:00"),
        Comparison("gt", "year", 2020),
        Compound("and", (Comparison("starts_with", "title", "Letters"), Comparison("ne", "a", 1))),
    ],
)
def test_the_index_decides_on_short_strings_and_on_equality(services: FakeServices, condition: Filter | None) -> None:
    store, _ = attach_texts(services, "one")

    assert matching_rows(services, store, condition) is None


@pytest.mark.parametrize("condition", [CONTAINS, Compound("or", (CONTAINS, Comparison("eq", "a", 1)))])
def test_files_are_found_by_a_part_of_an_attribute(services: FakeServices, condition: Filter) -> None:
    store, ids = attach_titles(services, "The Otter Report", "The otter report", "Herons")

    found = search.search(services, CALLER, store, ["heron"], limit=10, filters=condition)

    assert [result.file_id for result in found] == [ids[0]]


def test_files_are_found_by_a_part_of_their_name(services: FakeServices) -> None:
    store, ids = attach_texts(services, "heron", "heron again")
    run_published_jobs(services)

    found = search.search(
        services, CALLER, store, ["heron"], limit=10, filters=Comparison("contains", "filename", ".t")
    )
    none = search.search(services, CALLER, store, ["heron"], limit=10, filters=Comparison("contains", "filename", "zz"))

    assert sorted(result.file_id for result in found) == sorted(ids)
    assert none == []


def test_a_rare_match_is_found_however_low_it_ranks(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.search.retrieval.FIRST_DEPTH", 1)
    monkeypatch.setattr("ingest.search.retrieval.MAX_DEPTH", 1)
    store, ids = attach_titles(services, *["Herons"] * 5, "An Otter")

    found = search.search(services, CALLER, store, ["number 0"], limit=1, filters=CONTAINS)

    assert [result.file_id for result in found] == [ids[5]]


def test_in_large_stores_contains_is_refused_and_a_long_string_is_left_to_the_index(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter_scan, "MAX_FILES", 2)
    monkeypatch.setattr(filter_scan, "_PAGE", 2)
    store, _ = attach_titles(services, "Letters from the harbour office", "Letters from the harbour", "Otter")

    assert matching_rows(services, store, LONG_START) is None
    assert len(search.search(services, CALLER, store, ["heron"], limit=10, filters=LONG_START)) == 2
    with pytest.raises(InvalidRequest, match="at most 2 files"):
        search.search(services, CALLER, store, ["heron"], limit=10, filters=CONTAINS)
