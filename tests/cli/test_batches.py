"""`ingest batches` against the real API over fakes."""

from ingest.db.queue.membership import Member
from ingest.stores import batches, vector_stores
from tests.cli.conftest import Command
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import upload_text


def test_a_batch_is_listed_shown_and_cancelled(services: FakeServices, url: str, ingest: Command) -> None:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    members = [Member(upload_text(services, text), {}, 800, 400) for text in ("a", "b")]
    batch = batches.create(services, CALLER, store, members).id

    listed = ingest("batches", "list", store, "--url", url)
    shown = ingest("batches", "show", batch, "--url", url)
    cancelled = ingest("batches", "cancel", batch, "--url", url)

    assert listed.out.splitlines()[-1].split()[:3] == [batch, "in_progress", "2"]
    assert f"id                 {batch}" in shown.out
    assert cancelled.out.splitlines()[-1] == f"{batch} cancelled: 0 completed, 2 cancelled"


def test_an_unknown_batch_is_refused(url: str, ingest: Command) -> None:
    assert ingest("batches", "show", "vsfb_none", "--url", url).code == 2
