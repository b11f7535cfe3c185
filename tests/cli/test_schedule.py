"""`ingest schedule` against the real API over fakes, as its user calls it."""

import json

from sqlalchemy import update

from ingest.db.models import ImportSchedule
from ingest.db.schedules import import_schedules as rows
from tests.cli.conftest import Command
from tests.fakes import FakeServices
from tests.jobs.test_run import store_with


def test_a_schedule_is_added_shown_paused_resumed_and_removed(
    services: FakeServices, url: str, ingest: Command
) -> None:
    store_with(services)
    at = ("--base-url", url)

    added = ingest("schedule", "add", "s", "0 3 * * *", "--timezone", "Europe/Berlin", "--chunk-tokens", 300, *at)

    schedule_id, _, words = added.out.splitlines()[-1].partition(" ")
    assert (added.code, words.startswith("runs next at "), " 03:00 CE" in words) == (0, True, True)
    listed = json.loads(ingest("schedule", "list", "s", "--json", *at).out.splitlines()[-1])
    assert [(each["id"], each["chunking_strategy"]["static"]) for each in listed] == [
        (schedule_id, {"max_chunk_size_tokens": 300, "chunk_overlap_tokens": 150})
    ]
    assert ingest("schedule", "pause", "s", schedule_id, *at).out.endswith("paused\n")
    assert "paused" in ingest("schedule", "list", "s", *at).out
    assert "03:00 CE" in ingest("schedule", "resume", "s", schedule_id, *at).out
    assert ingest("schedule", "remove", "s", schedule_id, *at).out.endswith("removed\n")
    assert json.loads(ingest("schedule", "list", "s", "--json", *at).out.splitlines()[-1]) == []


def test_an_import_is_added_shown_run_paused_and_removed(services: FakeServices, url: str, ingest: Command) -> None:
    store_with(services)
    at = ("--base-url", url)
    wish = ("--include", "*.txt", "--attr", "year=2026", "--delete-missing", "--cron", "0 3 * * *")

    added = ingest("schedule", "import", "s", "https://docs.example/a.txt", *wish, *at)

    schedule_id, _, words = added.out.splitlines()[-1].partition(" ")
    assert (added.code, words.startswith("runs next at "), " 03:00 UTC" in words) == (0, True, True)
    ingest("schedule", "add", "s", "0 4 * * *", *at)
    reindex, mirror = json.loads(ingest("schedule", "list", "s", "--json", *at).out.splitlines()[-1])
    assert (reindex["object"], mirror["id"]) == ("vector_store.reindex_schedule", schedule_id)
    assert (mirror["include"], mirror["attributes"], mirror["delete_missing"]) == (["*.txt"], {"year": 2026}, True)
    assert ingest("schedule", "run", "s", schedule_id, *at).code == 0
    assert "waits for a process" in ingest("schedule", "list", "s", *at).out
    assert ingest("schedule", "pause", "s", schedule_id, *at).out.endswith("paused\n")
    shown = ingest("schedule", "list", "s", *at).out
    assert ("paused" in shown, "waits" in shown, "https://docs.example/a.txt" in shown) == (True, False, True)
    assert "03:00 UTC" in ingest("schedule", "resume", "s", schedule_id, *at).out
    assert ingest("schedule", "remove", "s", schedule_id, *at).out.endswith("removed\n")
    assert json.loads(ingest("schedule", "list", "s", "--json", *at).out.splitlines()[-1]) == [reindex]


def test_the_outcome_of_an_import_is_shown_with_its_failures(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = store_with(services)
    ingest("schedule", "import", "s", "https://docs.example/a.txt", "--paused", "--base-url", url)
    with services.database.transaction() as session:
        session.execute(update(ImportSchedule).values(wanted_at=0.0))
        run = rows.take(session, "one", "imp_1", 30.0)
        assert run is not None
        counts, why = (
            {"completed": 1234, "failed": 2, "total": 1236},
            {"reason": "[Broken]", "files": 2, "first": ["a", "b"]},
        )
        rows.end(session, run.row, run.fence, "incomplete", counts=counts, reasons=[why])

    shown = ingest("schedule", "list", store, "--base-url", url).out

    assert "incomplete: 1,234 completed, 2 failed" in " ".join(shown.replace("│", " ").split())
    assert "2 files: [Broken] (a, b)" in shown


def test_what_is_wrong_is_one_line(services: FakeServices, url: str, ingest: Command) -> None:
    store_with(services)

    imports = (("import", "s", "/etc"), ("import", "s"), ("run", "s", "rsch_1"), ("run", "s", "isch_1"))
    for wrong in (*imports, ("add", "s", "never"), ("pause", "s", "rsch_none"), ("list", "no such store")):
        ended = ingest("schedule", *wrong, "--base-url", url)

        assert (ended.code, ended.err.count("\n")) == (2, 1)
