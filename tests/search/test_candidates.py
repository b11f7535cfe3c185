"""Candidates of a search, joined with the rows of their files."""

from dataclasses import replace

from ingest.db.content.members import LiveFile
from ingest.search.candidates import Candidates
from ingest.steps.filters import Comparison
from ingest.steps.index import Hit

OLD, NEW = "old model", "new model"
FILE = LiveFile(generation=2, file_id="file-1", filename="a.txt", attributes={"year": 2024.0}, model=NEW)


def hit(row: int, generation: int, number: int = 0) -> Hit:
    return Hit(row=row, generation=generation, number=number, text="", score=1.0, file_id=FILE.file_id)


def candidates(*hits: Hit, model: str = NEW) -> Candidates:
    return Candidates(dense={model: hits}, lexical={model: []})


def test_a_passage_with_a_dense_and_a_lexical_hit_counts_once() -> None:
    both = Candidates(dense={NEW: [hit(1, 2), hit(1, 2, 1)]}, lexical={NEW: [hit(1, 2)]})

    assert list(both.passages()) == [(1, 0), (1, 1)]
    assert both.rows() == [1]


def test_lists_shorter_than_the_depth_are_exhausted() -> None:
    assert candidates(hit(1, 2)).are_exhausted(2)
    assert not candidates(hit(1, 2)).are_exhausted(1)


def test_hits_of_removed_files_and_of_other_generations_are_not_current() -> None:
    found = candidates(hit(1, 2), hit(1, 1, 1), hit(1, 3, 2), hit(9, 2))

    assert list(found.current({1: FILE}, None, include_standby=False).passages()) == [(1, 0)]


def test_a_filter_is_checked_against_the_attributes_in_the_database() -> None:
    found = candidates(hit(1, 2))

    assert found.current({1: FILE}, Comparison("eq", "year", 2024.0), include_standby=False).passages() != {}
    assert found.current({1: FILE}, Comparison("eq", "year", 2023.0), include_standby=False).passages() == {}


def test_a_file_with_hits_of_older_generations_only_may_have_been_replaced() -> None:
    assert candidates(hit(1, 1)).miss_a_replaced_file({1: FILE})
    assert not candidates(hit(1, 1), hit(1, 2)).miss_a_replaced_file({1: FILE})
    assert not candidates(hit(1, 1)).miss_a_replaced_file({})


def test_a_file_without_live_hits_is_represented_by_its_standby_generation() -> None:
    file = replace(FILE, standby_generation=1)
    standby = Candidates(dense={OLD: [hit(1, 1)], NEW: []}, lexical={OLD: [], NEW: []})
    both = Candidates(dense={OLD: [hit(1, 1)], NEW: [hit(1, 2, 1)]}, lexical={OLD: [], NEW: []})

    assert list(standby.current({1: file}, None, include_standby=True).passages()) == [(1, 0)]
    assert list(standby.current({1: file}, None, include_standby=False).passages()) == []
    assert list(both.current({1: file}, None, include_standby=True).passages()) == [(1, 1)]


def test_hits_that_name_another_file_than_the_row_are_not_current() -> None:
    """A database that was restored from a backup gave the row number of a file to another one."""
    foreign = replace(hit(1, 2), file_id="file-other")
    older = replace(hit(1, 1, 1), file_id="file-other")
    standby = replace(FILE, standby_generation=1)

    assert candidates(foreign).current({1: FILE}, None, include_standby=False).passages() == {}
    assert list(candidates(foreign, hit(1, 2, 3)).current({1: FILE}, None, include_standby=False).passages()) == [
        (1, 3)
    ]
    assert not candidates(older).miss_a_replaced_file({1: FILE})
    both = Candidates(dense={OLD: [hit(1, 1)], NEW: [foreign]}, lexical={OLD: [], NEW: []})
    assert list(both.current({1: standby}, None, include_standby=True).passages()) == [(1, 0)]
