"""`ingest schedule` against the real API over fakes, as its user calls it."""

import json

from tests.cli.conftest import Command
from tests.fakes import FakeTools
from tests.test_jobs import store_with


def test_a_schedule_is_added_shown_paused_resumed_and_removed(tools: FakeTools, url: str, ingest: Command) -> None:
    store_with(tools)
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


def test_what_is_wrong_is_one_line(tools: FakeTools, url: str, ingest: Command) -> None:
    store_with(tools)

    for wrong in (("add", "s", "never"), ("pause", "s", "rsch_none"), ("list", "no such store")):
        ended = ingest("schedule", *wrong, "--base-url", url)

        assert (ended.code, ended.err.count("\n")) == (2, 1)
