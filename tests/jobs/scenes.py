"""Stores, files and jobs for tests: what a worker would do, without Celery."""

from typing import Any

from ingest.db.queue.membership import Member
from ingest.jobs import run
from ingest.stores import files, members, vector_stores
from tests.fakes import CALLER, FakeServices


def attach_texts(services: FakeServices, *texts: str, store_id: str = "") -> tuple[str, list[str]]:
    """Attach one file for each text to a store, by default a new one. Return the ids of the store and of the files."""
    options: dict[str, Any] = {"description": None, "metadata": {}, "expires_after_days": None}
    store_id = store_id or vector_stores.create(services, CALLER, name="s", **options).id
    ids = [upload_text(services, text) for text in texts]
    for file_id in ids:
        members.attach(services, CALLER, store_id, Member(file_id, {}, 800, 400))
    return store_id, ids


def upload_text(services: FakeServices, text: str) -> str:
    return files.create(
        services, CALLER, filename="a.txt", purpose="assistants", blocks=[text.encode()], expires_after=None
    ).id


def run_published_jobs(services: FakeServices) -> list[run.JobResult]:
    """Run the jobs of all published files, and of the files published because of them."""
    results = []
    while messages := [message for lane in services.queue.lanes.values() for message in lane]:
        for lane in services.queue.lanes.values():
            lane.clear()
        results += [run.run_job(services, message.row, lease_holder="test/1").result for message in messages]
        services.feeder.top_up()
    return results
