"""`ingest usage` against the real API over fakes."""

import json

from tests.cli.conftest import Command, run_jobs_until_ended
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts


def test_the_files_chunks_and_bytes_of_the_stores_are_added_up(
    services: FakeServices, url: str, ingest: Command
) -> None:
    attach_texts(services, "The heron fishes at dawn.", "The gannet dives.")
    attach_texts(services, "The otter swims.")
    run_jobs_until_ended(services, 3)

    *stores, total = map(
        json.loads, filter(lambda line: line.startswith("{"), ingest("usage", "--json", "--url", url).out.splitlines())
    )

    assert [(store["files"], store["chunks"]) for store in stores] == [(1, 1), (2, 2)]
    assert (total["object"], total["files"], total["chunks"]) == ("total", 3, 3)
    assert total["bytes"] == sum(store["bytes"] for store in stores) > 0
