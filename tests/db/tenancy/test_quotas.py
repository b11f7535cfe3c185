"""Limits of a project: what goes beyond is refused, and says whether waiting helps."""

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


def limited(services: FakeServices, **limits: int) -> Caller:
    """Somebody of a new project with these limits."""
    return Caller(projects.create(services.database, "limited", limits).id, Limits(**limits))


def keep(services: FakeServices, caller: Caller, size: int) -> str:
    blocks = [b"x" * size]
    return files.create(services, caller, filename="a.txt", purpose="assistants", blocks=blocks, expires_after=None).id


def test_requests_come_as_fast_as_allowed_and_then_at_the_allowed_pace(services: FakeServices, clock: Clock) -> None:
    caller = limited(services, requests_per_minute=6)

    def asked() -> float:
        """How long to wait, 0 when served."""
        try:
            with services.database.transaction() as session:
                quotas.count_request(session, caller)
        except RateLimited as exc:
            return exc.retry_after_seconds
        return 0.0

    assert [asked() for _ in range(8)] == pytest.approx([0, 0, 0, 0, 0, 0, 10, 10])
    clock.advance(10.5)
    assert [asked() for _ in range(2)] == pytest.approx([0, 9.5])
    clock.advance(600)
    assert [asked() > 0 for _ in range(7)] == [False] * 6 + [True]


def test_bytes_that_do_not_fit_are_refused_and_leave_nothing(services: FakeServices) -> None:
    caller = limited(services, stored_bytes=100)
    first = keep(services, caller, 60)
    keep(services, CALLER, 1_000)  # another project's bytes do not count

    with pytest.raises(QuotaExceeded, match="60 of 100 bytes"):
        keep(services, caller, 41)
    about = {"filename": "u", "mime_type": "", "purpose": "assistants", "file_expires_after": None}
    with pytest.raises(QuotaExceeded):
        uploads.create(services, caller, size=41, **about)  # type: ignore[arg-type]
    upload = uploads.create(services, caller, size=40, **about).upload.id  # type: ignore[arg-type]
    part = uploads.add_part(services, caller, upload, [b"y" * 40]).id
    with pytest.raises(QuotaExceeded):
        uploads.add_part(services, caller, upload, [b"z"])
    assert uploads.complete(services, caller, upload, [part], None).file is not None
    with pytest.raises(QuotaExceeded):
        keep(services, caller, 1)

    files.delete(services, caller, first)
    keep(services, caller, 60)


def test_more_files_in_progress_than_allowed_have_to_wait(services: FakeServices) -> None:
    caller = limited(services, files_in_progress=2)
    store = vector_stores.create(services, caller, name="", description=None, metadata={}, expires_after_days=None).id
    members = [Member(keep(services, caller, size), {}, 800, 400) for size in range(1, 5)]

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
