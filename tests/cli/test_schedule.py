"""`ingest schedule` against the real API over fakes."""

import json

from sqlalchemy import update

from ingest.db.models import ImportSchedule
from ingest.db.schedules import import_schedules as rows
from tests.cli.conftest import Command
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts


def test_a_reindex_schedule_is_added_listed_paused_resumed_and_removed(
    services: FakeServices, url: str, ingest: Command
) -> None:
    attach_texts(services)
    at = ("--base-url", url)

    added = ingest("schedule", "add", "s", "0 3 * * *", "--timezone", "Europe/Berlin", "--chunk-tokens", 300, *at)

    schedule_id, _, words = added.out.splitlines()[-1].partition(" ")
    assert (added.code, words.startswith("runs next at "), " 03:00 CE" in words) == (0, True, True)
    listed = json.loads(ingest("schedule", "list", "s", "--json", *at).out.splitlines()[-1])
    assert [(schedule["id"], schedule["chunking_strategy"]["static"]) for schedule in listed] == [
        (schedule_id, {"max_chunk_size_tokens": 300, "chunk_overlap_tokens": 150})
    ]
    of_all_stores = ingest("schedule", "list", *at).out.splitlines()
    assert of_all_stores[1].split()[:2] == [schedule_id, listed[0]["vector_store_id"]]
    assert ingest("schedule", "pause", "s", schedule_id, *at).out.endswith("paused\n")
    assert "paused" in ingest("schedule", "list", "s", *at).out
    assert "03:00 CE" in ingest("schedule", "resume", "s", schedule_id, *at).out
    assert ingest("schedule", "remove", "s", schedule_id, *at).out.endswith("removed\n")
    assert json.loads(ingest("schedule", "list", "s", "--json", *at).out.splitlines()[-1]) == []


def test_an_import_schedule_is_added_listed_run_paused_and_removed(
    services: FakeServices, url: str, ingest: Command
) -> None:
    attach_texts(services)
    at = ("--base-url", url)
    options = ("--include", "*.txt", "--attr", "year=2026", "--delete-missing", "--cron", "0 3 * * *")

    added = ingest("schedule", "import", "s", "https://docs.example/a.txt", *options, *at)

    schedule_id, _, words = added.out.splitlines()[-1].partition(" ")
    assert (added.code, words.startswith("runs next at "), " 03:00 UTC" in words) == (0, True, True)
    ingest("schedule", "add", "s", "0 4 * * *", *at)
    reindex, import_schedule = json.loads(ingest("schedule", "list", "s", "--json", *at).out.splitlines()[-1])
    assert (reindex["object"], import_schedule["id"]) == ("vector_store.reindex_schedule", schedule_id)
    assert (import_schedule["include"], import_schedule["attributes"], import_schedule["delete_missing"]) == (
        ["*.txt"],
        {"year": 2026},
        True,
    )
    assert ingest("schedule", "run", "s", schedule_id, *at).code == 0
    assert "waits for a process" in ingest("schedule", "list", "s", *at).out
    assert ingest("schedule", "pause", "s", schedule_id, *at).out.endswith("paused\n")
    listing = ingest("schedule", "list", "s", *at).out
    assert ("paused" in listing, "waits" in listing, "https://docs.example/a.txt" in listing) == (True, False, True)
    assert "03:00 UTC" in ingest("schedule", "resume", "s", schedule_id, *at).out
    assert ingest("schedule", "remove", "s", schedule_id, *at).out.endswith("removed\n")
    assert json.loads(ingest("schedule", "list", "s", "--json", *at).out.splitlines()[-1]) == [reindex]


def test_the_last_run_of_an_import_is_listed_with_its_failures(
    services: FakeServices, url: str, ingest: Command
) -> None:
    store, _ = attach_texts(services)
    ingest("schedule", "import", "s", "https://docs.example/a.txt", "--paused", "--base-url", url)
    with services.database.transaction() as session:
        session.execute(update(ImportSchedule).values(due_since=0.0))
        run = rows.claim_run(session, "one", "imp_1", 30.0)
        assert run is not None
        counts, reason = (
            {"completed": 1234, "failed": 2, "total": 1236},
            {"reason": "[Broken]", "files": 2, "first": ["a", "b"]},
        )
        rows.end_run(session, run.row, run.fence, "incomplete", counts=counts, reasons=[reason])

    listing = ingest("schedule", "list", store, "--base-url", url).out

    assert "incomplete: 1,234 completed, 2 failed" in " ".join(listing.replace("│", " ").split())
    assert "2 files: [Broken] (a, b)" in listing


def test_invalid_commands_are_errors_in_one_line(services: FakeServices, url: str, ingest: Command) -> None:
    attach_texts(services)

    imports = (("import", "s", "/etc"), ("import", "s"), ("run", "s", "rsch_1"), ("run", "s", "isch_1"))
    for arguments in (*imports, ("add", "s", "never"), ("pause", "s", "rsch_none"), ("list", "no such store")):
        ended = ingest("schedule", *arguments, "--base-url", url)

        assert (ended.code, ended.err.count("\n")) == (2, 1)
