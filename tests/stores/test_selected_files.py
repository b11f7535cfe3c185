"""Files that a filter selects: deleted, or given other attributes."""

from typing import Any

import pytest

from ingest.caller import Caller
from ingest.db.pages import Window
from ingest.db.queue import membership
from ingest.errors import InvalidRequest, NotFound
from ingest.search import search
from ingest.steps.filters import Comparison
from ingest.stores import files, members, selected_files, vector_stores
from ingest.stores.selected_files import AttributeChanges, delete_selected, update_selected
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

OLD = Comparison("lt", "day", "2024-01-01")
EVERY_FILE = Comparison("ne", "none", "")


def attach_days(services: FakeServices, *days: str) -> tuple[str, list[str]]:
    """Return a store with one completed file for each day, and the ids of the files."""
    store, ids = attach_texts(services, *[f"heron of {day}" for day in days])
    for file_id, day in zip(ids, days, strict=True):
        members.update_attributes(services, CALLER, store, file_id, {"day": day})
    run_published_jobs(services)
    return store, ids


def attributes_of(services: FakeServices, store: str) -> list[dict[str, Any]]:
    page = members.list_page(services, CALLER, store, Window(100, order="asc"), status=None)
    return [file.attributes for file in page.items]


def test_a_dry_run_counts_and_names_the_files_and_changes_nothing(services: FakeServices) -> None:
    store, ids = attach_days(services, "2023-05-01", "2024-05-01", "2022-05-01")

    selection = delete_selected(services, CALLER, store, OLD, dry_run=True)

    assert (selection.matched, selection.changed, selection.has_more) == (2, 0, False)
    assert selection.file_ids == [ids[0], ids[2]]
    assert len(attributes_of(services, store)) == 3


def test_the_files_that_match_are_removed_and_the_uploaded_files_stay(services: FakeServices) -> None:
    store, ids = attach_days(services, "2023-05-01", "2024-05-01", "2022-05-01")

    selection = delete_selected(services, CALLER, store, OLD, dry_run=False)

    assert (selection.matched, selection.changed) == (2, 2)
    assert [file["day"] for file in attributes_of(services, store)] == ["2024-05-01"]
    found = search.search(services, CALLER, store, ["heron"], limit=10)
    assert [result.file_id for result in found] == [ids[1]]
    assert vector_stores.retrieve(services, CALLER, store).completed == 1
    assert files.retrieve(services, CALLER, ids[0]).id == ids[0]
    again = delete_selected(services, CALLER, store, OLD, dry_run=False)
    assert (again.matched, again.changed) == (0, 0)


def test_a_file_in_progress_is_removed_and_its_job_finds_nothing_to_do(services: FakeServices) -> None:
    store, _ = attach_texts(services, "one", "two")

    delete_selected(services, CALLER, store, EVERY_FILE, dry_run=False)

    shown = vector_stores.retrieve(services, CALLER, store)
    assert (shown.in_progress, shown.completed, shown.cancelled) == (0, 0, 0)
    assert set(run_published_jobs(services)) <= {"skipped", "abandoned"}


def test_attributes_are_set_and_removed_and_the_next_search_filters_by_them(services: FakeServices) -> None:
    store, ids = attach_days(services, "2023-05-01", "2024-05-01")
    changes = AttributeChanges(set={"archived": True}, unset=["day"])

    selection = update_selected(services, CALLER, store, OLD, changes, dry_run=False)

    assert (selection.matched, selection.changed, selection.skipped) == (1, 1, 0)
    assert attributes_of(services, store) == [{"archived": True}, {"day": "2024-05-01"}]
    archived = Comparison("eq", "archived", value=True)
    found = search.search(services, CALLER, store, ["heron"], limit=10, filters=archived)
    assert [result.file_id for result in found] == [ids[0]]


def test_an_update_that_changes_nothing_is_not_counted(services: FakeServices) -> None:
    store, _ = attach_days(services, "2023-05-01", "2024-05-01")
    changes = AttributeChanges(set={"day": "2023-05-01"}, unset=[])

    selection = update_selected(services, CALLER, store, EVERY_FILE, changes, dry_run=False)
    again = update_selected(services, CALLER, store, EVERY_FILE, changes, dry_run=False)

    assert (selection.matched, selection.changed) == (2, 1)
    assert (again.matched, again.changed) == (2, 0)


def test_a_name_that_is_set_and_removed_is_set() -> None:
    assert AttributeChanges(set={"a": 1}, unset=["a", "b"]).apply({"a": 0, "b": 2, "c": 3}) == {"a": 1, "c": 3}


@pytest.mark.parametrize("dry_run", [True, False])
def test_files_that_would_have_too_many_attributes_are_skipped(services: FakeServices, dry_run: bool) -> None:
    store, ids = attach_texts(services, "full", "empty")
    members.update_attributes(services, CALLER, store, ids[0], {f"key {n}": n for n in range(16)})
    changes = AttributeChanges(set={"one more": 1}, unset=[])

    selection = update_selected(services, CALLER, store, EVERY_FILE, changes, dry_run=dry_run)

    assert (selection.matched, selection.skipped, selection.skipped_file_ids) == (2, 1, [ids[0]])
    assert selection.changed == (0 if dry_run else 1)
    assert [len(attributes) for attributes in attributes_of(services, store)] == [16, 0 if dry_run else 1]


def test_points_get_their_attributes_later_while_the_index_is_down(services: FakeServices) -> None:
    store, _ = attach_days(services, "2023-05-01")
    services.index.is_down = True

    changes = AttributeChanges(set={"archived": True}, unset=[])
    selection = update_selected(services, CALLER, store, OLD, changes, dry_run=False)

    assert selection.changed == 1
    assert attributes_of(services, store)[0]["archived"] is True


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_long_deletion_goes_on_where_the_last_request_ended(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    monkeypatch.setattr(selected_files, "WORK_SECONDS", 0.0)
    monkeypatch.setattr(selected_files, "_SCAN_PAGE", 2)
    monkeypatch.setattr(selected_files, "_DELETE_PAGE", 2)
    store, ids = attach_days(services, "2023-01-01", "2023-01-02", "2024-01-03", "2023-01-04", "2023-01-05")

    answers = [delete_selected(services, CALLER, store, OLD, dry_run=dry_run)]
    while answers[-1].has_more:
        after = answers[-1].last_id
        answers.append(delete_selected(services, CALLER, store, OLD, dry_run=dry_run, after=after))

    assert [answer.matched for answer in answers] == [2, 1, 1]
    assert [answer.last_id for answer in answers] == [ids[1], ids[3], ids[4]]
    assert len(attributes_of(services, store)) == (5 if dry_run else 1)


def test_only_ten_files_are_named(services: FakeServices) -> None:
    store, ids = attach_texts(services, *[f"text {number}" for number in range(12)])

    selection = delete_selected(services, CALLER, store, EVERY_FILE, dry_run=True)

    assert selection.matched == 12
    assert selection.file_ids == ids[:10]


def test_a_file_whose_attributes_change_meanwhile_is_kept(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = attach_days(services, "2023-05-01")
    lock_rows = membership.lock_rows

    def change_before_locking(session: Any, rows: Any) -> Any:
        locked = lock_rows(session, rows)
        locked[0].attributes = {"day": "2024-05-01"}
        return locked

    monkeypatch.setattr(membership, "lock_rows", change_before_locking)

    selection = delete_selected(services, CALLER, store, OLD, dry_run=False)

    assert (selection.matched, selection.changed) == (1, 0)
    assert members.retrieve(services, CALLER, store, file_id).file_id == file_id


def test_stores_of_others_and_unknown_cursors_are_refused(services: FakeServices) -> None:
    store, _ = attach_texts(services, "one")

    with pytest.raises(NotFound):
        delete_selected(services, Caller("another project"), store, EVERY_FILE, dry_run=False)
    with pytest.raises(InvalidRequest, match="'after' is no file"):
        delete_selected(services, CALLER, store, EVERY_FILE, dry_run=True, after="file-unknown")
    assert len(attributes_of(services, store)) == 1
