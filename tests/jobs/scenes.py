"""Stores, files and jobs for tests: what a worker would do, without Celery."""

from ingest.db.queue.membership import Member
from ingest.jobs import run
from ingest.stores import files, members, vector_stores
from tests.fakes import CALLER, FakeServices


def attach_texts(services: FakeServices, *texts: str) -> tuple[str, list[str]]:
    """Attach one file for each text to a new store. Return the ids of the store and of the files."""
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None)
    ids = [upload_text(services, text) for text in texts]
    for file_id in ids:
        members.attach(services, CALLER, store.id, Member(file_id, {}, 800, 400))
    return store.id, ids


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
