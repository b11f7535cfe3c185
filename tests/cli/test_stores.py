"""`ingest stores` against the real API over fakes."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Command, run_jobs_until_ended
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts


@pytest.fixture
def store(services: FakeServices) -> str:
    """A store with two completed files."""
    store, _ = attach_texts(services, "The heron fishes at dawn.", "The gannet dives.")
    run_jobs_until_ended(services, 2)
    return store


def json_lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def test_a_store_is_created_shown_listed_and_deleted(url: str, ingest: Command) -> None:
    created = ingest("stores", "create", "birds", "--metadata", "room=4", "--expires-days", "7", "--url", url)
    store = created.out.splitlines()[-1]

    shown = ingest("stores", "show", "birds", "--json", "--url", url)
    listed = ingest("stores", "list", "--url", url)
    deleted = ingest("stores", "delete", store, "--yes", "--url", url)
    after = ingest("stores", "list", "--json", "--url", url)

    assert created.code == shown.code == listed.code == deleted.code == 0
    [facts] = json_lines(shown.out)
    assert (facts["id"], facts["metadata"], facts["expires_after"]["days"]) == (store, {"room": "4"}, 7)
    assert store in listed.out
    assert deleted.out.splitlines()[-1] == f"deleted {store}"
    assert json_lines(after.out) == []


def test_a_list_has_whole_ids_and_aligned_columns(store: str, url: str, ingest: Command) -> None:
    *_, headings, line = ingest("stores", "list", "--url", url).out.splitlines()

    assert headings.split()[:3] == ["id", "name", "status"]
    assert line.startswith(store)
    assert line[headings.index("status") :].startswith("completed")


def test_the_uploaded_files_stay_unless_the_user_wants_them_gone(store: str, url: str, ingest: Command) -> None:
    files = [each["id"] for each in json_lines(ingest("files", "list", store, "--json", "--url", url).out)]

    deleted = ingest("stores", "delete", store, "--with-files", "--yes", "--url", url)

    assert deleted.out.splitlines()[-1] == f"deleted {store} and 2 files"
    assert len(files) == 2
    assert all(ingest("files", "show", file, "--url", url).code == 2 for file in files)


def test_nothing_is_deleted_when_nobody_can_be_asked(store: str, url: str, ingest: Command) -> None:
    refused = ingest("stores", "delete", store, "--url", url)

    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert ingest("stores", "show", store, "--url", url).code == 0


@pytest.mark.parametrize("metadata", ["room", "=4"])
def test_metadata_is_a_key_with_a_value(url: str, ingest: Command, metadata: str) -> None:
    assert ingest("stores", "create", "a", "--metadata", metadata, "--url", url).code == 2


def test_an_unknown_store_is_refused_in_one_line(url: str, ingest: Command) -> None:
    for name in ("nowhere", "vs_none", ""):
        refused = ingest("stores", "show", name, "--url", url)
        assert (refused.code, refused.err.count("\n")) == (2, 1)
