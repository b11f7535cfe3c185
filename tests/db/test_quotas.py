"""Limits of a project: what goes beyond is refused, and says whether waiting helps."""

import pytest

from ingest import file_batches, files, jobs, projects, uploads, vector_stores
from ingest.callers import Caller, Limits
from ingest.db import quotas
from ingest.db.attachments import Member
from ingest.errors import QuotaExceeded, TooMany
from tests.conftest import Clock
from tests.fakes import CALLER, FakeTools


def limited(tools: FakeTools, **limits: int) -> Caller:
    """Somebody of a new project with these limits."""
    return Caller(projects.create(tools.database, "limited", limits).id, Limits(**limits))


def keep(tools: FakeTools, caller: Caller, size: int) -> str:
    blocks = [b"x" * size]
    return files.create(tools, caller, filename="a.txt", purpose="assistants", blocks=blocks, expires_after=None).id


def test_requests_come_as_fast_as_allowed_and_then_at_the_allowed_pace(tools: FakeTools, clock: Clock) -> None:
    caller = limited(tools, requests_per_minute=6)

    def asked() -> float:
        """How long to wait, 0 when served."""
        try:
            with tools.database.transaction() as session:
                quotas.pace(session, caller)
        except TooMany as exc:
            return exc.retry_after_seconds
        return 0.0

    assert [asked() for _ in range(8)] == pytest.approx([0, 0, 0, 0, 0, 0, 10, 10])
    clock.advance(10.5)
    assert [asked() for _ in range(2)] == pytest.approx([0, 9.5])
    clock.advance(600)
    assert [asked() > 0 for _ in range(7)] == [False] * 6 + [True]


def test_bytes_that_do_not_fit_are_refused_and_leave_nothing(tools: FakeTools) -> None:
    caller = limited(tools, stored_bytes=100)
    first = keep(tools, caller, 60)
    keep(tools, CALLER, 1_000)  # another project's bytes do not count

    with pytest.raises(QuotaExceeded, match="60 of 100 bytes"):
        keep(tools, caller, 41)
    about = {"filename": "u", "mime_type": "", "purpose": "assistants", "file_expires_after": None}
    with pytest.raises(QuotaExceeded):
        uploads.create(tools, caller, size=41, **about)  # type: ignore[arg-type]
    upload = uploads.create(tools, caller, size=40, **about).upload.id  # type: ignore[arg-type]
    part = uploads.add_part(tools, caller, upload, [b"y" * 40]).id
    with pytest.raises(QuotaExceeded):
        uploads.add_part(tools, caller, upload, [b"z"])
    assert uploads.complete(tools, caller, upload, [part], None).file is not None
    with pytest.raises(QuotaExceeded):
        keep(tools, caller, 1)

    files.delete(tools, caller, first)
    keep(tools, caller, 60)


def test_more_files_in_progress_than_allowed_have_to_wait(tools: FakeTools) -> None:
    caller = limited(tools, files_in_progress=2)
    store = vector_stores.create(tools, caller, name="", description=None, metadata={}, expires_after_days=None).id
    members = [Member(keep(tools, caller, size), {}, 800, 400) for size in range(1, 5)]

    with pytest.raises(QuotaExceeded):
        file_batches.create(tools, caller, store, members)
    file_batches.create(tools, caller, store, members[:2])
    with pytest.raises(TooMany) as refused:
        file_batches.create(tools, caller, store, members[2:])
    assert refused.value.retry_after_seconds <= 60
    assert vector_stores.retrieve(tools, caller, store).in_progress == 2

    for message in tools.queue.lanes["bulk"]:
        jobs.run(tools, message.row, owner="test/1")
    assert file_batches.create(tools, caller, store, members[2:]).in_progress == 2
