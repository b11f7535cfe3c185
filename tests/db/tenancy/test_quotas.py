"""Limits of a project: requests beyond them are refused, and the error says whether to retry."""

import pytest

from ingest.caller import Caller, Limits
from ingest.db.queue.membership import Member
from ingest.db.tenancy import quotas
from ingest.errors import QuotaExceeded, RateLimited
from ingest.jobs import run
from ingest.stores import batches, files, uploads, vector_stores
from ingest.tenancy import projects
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices


def create_limited_caller(services: FakeServices, **limits: int) -> Caller:
    """Create a project with these limits and return a caller of it."""
    return Caller(projects.create(services.database, "limited", limits).id, Limits(**limits))


def upload(services: FakeServices, caller: Caller, size: int) -> str:
    blocks = [b"x" * size]
    return files.create(services, caller, filename="a.txt", purpose="assistants", blocks=blocks, expires_after=None).id


def test_a_burst_of_one_minute_is_served_and_then_the_allowed_rate(services: FakeServices, clock: Clock) -> None:
    caller = create_limited_caller(services, requests_per_minute=6)

    def request() -> float:
        """Count a request and return the seconds to wait, 0 if it is served."""
        try:
            with services.database.transaction() as session:
                quotas.count_request(session, caller)
        except RateLimited as exc:
            return exc.retry_after_seconds
        return 0.0

    assert [request() for _ in range(8)] == pytest.approx([0, 0, 0, 0, 0, 0, 10, 10])
    clock.advance(10.5)
    assert [request() for _ in range(2)] == pytest.approx([0, 9.5])
    clock.advance(600)
    assert [request() > 0 for _ in range(7)] == [False] * 6 + [True]


def test_bytes_beyond_the_quota_are_refused_and_not_stored(services: FakeServices) -> None:
    caller = create_limited_caller(services, stored_bytes=100)
    first = upload(services, caller, 60)
    upload(services, CALLER, 1_000)  # another project's bytes do not count

    with pytest.raises(QuotaExceeded, match="60 of 100 bytes"):
        upload(services, caller, 41)
    about = {"filename": "u", "mime_type": "", "purpose": "assistants", "file_expires_after": None}
    with pytest.raises(QuotaExceeded):
        uploads.create(services, caller, size=41, **about)  # type: ignore[arg-type] # the values of one dict have several types
    upload_id = uploads.create(services, caller, size=40, **about).upload.id  # type: ignore[arg-type] # the values of one dict have several types
    part = uploads.add_part(services, caller, upload_id, [b"y" * 40]).id
    with pytest.raises(QuotaExceeded):
        uploads.add_part(services, caller, upload_id, [b"z"])
    assert uploads.complete(services, caller, upload_id, [part], None).file is not None
    with pytest.raises(QuotaExceeded):
        upload(services, caller, 1)

    files.delete(services, caller, first)
    upload(services, caller, 60)


def test_files_in_progress_beyond_the_limit_have_to_wait(services: FakeServices) -> None:
    caller = create_limited_caller(services, files_in_progress=2)
    store = vector_stores.create(services, caller, name="", description=None, metadata={}, expires_after_days=None).id
    members = [Member(upload(services, caller, size), {}, 800, 400) for size in range(1, 5)]

    with pytest.raises(QuotaExceeded):
        batches.create(services, caller, store, members)
    batches.create(services, caller, store, members[:2])
    with pytest.raises(RateLimited) as refused:
        batches.create(services, caller, store, members[2:])
    assert refused.value.retry_after_seconds <= 60
    assert vector_stores.retrieve(services, caller, store).in_progress == 2

    for message in services.queue.lanes["bulk"]:
        run.run_job(services, message.row, lease_holder="test/1")
    assert batches.create(services, caller, store, members[2:]).in_progress == 2
