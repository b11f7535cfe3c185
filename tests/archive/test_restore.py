"""A store is restored from an archive completely or not at all."""

import io
from pathlib import Path
from typing import Any

import pytest

from ingest.archive import restore, writer
from ingest.db.queue.membership import Member
from ingest.errors import DependencyDown, Refused, UnsupportedFile
from ingest.jobs import run
from ingest.jobs.maintenance import run_maintenance
from ingest.steps.parse.report import ReportBuilder
from ingest.stores import batches, files, members, reports, vector_stores
from ingest.verify import verify
from tests.archive.archives import (
    WINDOW,
    assert_nothing_is_left,
    restore_archive,
    search_results,
    without_reports,
)
from tests.archive.conftest import TEXTS
from tests.fakes import CALLER, FakeServices, lose_answer
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text


def test_a_restored_store_gives_the_same_search_results_without_parsing_or_embedding(
    services: FakeServices, other_service: FakeServices, store: str, archive: Path
) -> None:
    before = search_results(services, store)
    other_service.embedder.error = AssertionError("a restore must not embed")

    restored = restore_archive(other_service, archive)

    other_service.embedder.error = None
    assert before[0]
    assert search_results(other_service, restored.store_id) == before
    assert other_service.parser.parsed == 0
    assert restored.file_counts == {"completed": 3, "failed": 1}
    assert restored.store_id != store
    assert verify(other_service).findings == []
    old, new = (
        vector_stores.retrieve(t, CALLER, s) for t, s in ((services, store), (other_service, restored.store_id))
    )
    for name in (
        "name",
        "description",
        "meta",
        "expires_after_days",
        "completed",
        "failed",
        "usage_bytes",
        "chunks",
        "languages",
    ):
        assert getattr(new, name) == getattr(old, name), name


def test_a_store_can_be_restored_beside_the_original(services: FakeServices, store: str, archive: Path) -> None:
    mapping = io.StringIO()
    restored = restore.restore_store(
        services, archive, project=CALLER.project, name="zoo again", mapping=mapping, re_embed=False
    )

    pairs = [line.split("\t") for line in mapping.getvalue().splitlines()]
    assert len(pairs) == 4
    for old, new in pairs:
        assert b"".join(files.read_content(services, CALLER, new)[1]) == b"".join(
            files.read_content(services, CALLER, old)[1]
        )
    assert search_results(services, restored.store_id) == search_results(services, store)
    assert vector_stores.retrieve(services, CALLER, restored.store_id).name == "zoo again"
    assert verify(services).findings == []
    vector_stores.delete(services, CALLER, store)
    run_maintenance(services)
    assert search_results(services, restored.store_id)[0]


def test_a_restored_store_has_the_coverage_reports(
    services: FakeServices, other_service: FakeServices, tmp_path: Path
) -> None:
    builder = ReportBuilder()
    builder.count("page", "not_read")
    builder.warn("page_not_read", "The page is a picture: ü.", "page 7")
    services.parser.report = builder.build().with_reader("pypdfium2", "5.0")
    store, [warned] = attach_texts(services, "A heron.")
    run_published_jobs(services)
    services.parser.error = UnsupportedFile("No page has text.", services.parser.report.to_json())
    failed = upload_text(services, "broken")
    members.attach(services, CALLER, store, Member(failed, {}, 800, 400))
    run_published_jobs(services)
    writer.export_store(services, store, tmp_path / "warned.tar")

    restored = restore_archive(other_service, tmp_path / "warned.tar")

    before = [reports.retrieve(services, CALLER, store, file_id) for file_id in (warned, failed)]
    after = reports.list_page(other_service, CALLER, restored.store_id, WINDOW).items
    assert [view.report for view in after] == [view.report for view in before]
    assert [(view.file.status, view.file.warnings) for view in after] == [("completed", 1), ("failed", 0)]
    assert after[0].report == services.parser.report.to_json()


def test_an_archive_from_before_reports_existed_is_restored(
    services: FakeServices, other_service: FakeServices, store: str, archive: Path
) -> None:
    restored = restore_archive(other_service, without_reports(archive))

    assert search_results(other_service, restored.store_id) == search_results(services, store)
    views = reports.list_page(other_service, CALLER, restored.store_id, WINDOW).items
    assert [(view.report, view.file.warnings) for view in views] == [({}, 0)] * 4


def test_files_attached_after_a_restore_get_new_row_numbers(other_service: FakeServices, archive: Path) -> None:
    restored = restore_archive(other_service, archive)

    batches.create(
        other_service, CALLER, restored.store_id, [Member(upload_text(other_service, "a newt"), {}, 800, 400)]
    )
    run_published_jobs(other_service)

    assert vector_stores.retrieve(other_service, CALLER, restored.store_id).completed == 4
    assert verify(other_service).findings == []


def test_an_archive_of_another_model_is_refused_unless_the_files_are_embedded_again(
    services: FakeServices, other_service: FakeServices, store: str, archive: Path
) -> None:
    other_service.embedder.dimensions = 9

    with pytest.raises(
        Refused, match=r"vectors of the archive are from all-MiniLM-L6-v2 \(8\).*all-MiniLM-L6-v2 \(9\).*--re-embed"
    ):
        restore_archive(other_service, archive)
    assert_nothing_is_left(other_service)

    restored = restore_archive(other_service, archive, re_embed=True)
    other_service.publish_waiting()
    run_published_jobs(other_service)

    assert search_results(other_service, restored.store_id)[0]
    assert (
        vector_stores.retrieve(other_service, CALLER, restored.store_id).completed == 4
    )  # including the file whose parsing failed before
    assert verify(other_service).findings == []


def lose_answer_of_commit(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit the store, but lose the answer of the database."""
    create_store = restore._create_store

    def create_and_lose_answer(*arguments: Any) -> str | None:
        lose_answer(services, monkeypatch)
        return create_store(*arguments)

    monkeypatch.setattr(restore, "_create_store", create_and_lose_answer)


@pytest.mark.parametrize("re_embed", [False, True])
def test_a_restore_whose_commit_answer_is_lost_succeeds(
    other_service: FakeServices, archive: Path, monkeypatch: pytest.MonkeyPatch, re_embed: bool
) -> None:
    monkeypatch.setattr(restore, "OUTCOME_CHECK_SECONDS", 0.01)
    lose_answer_of_commit(other_service, monkeypatch)

    restored = restore_archive(other_service, archive, re_embed=re_embed)

    run_maintenance(other_service)
    run_published_jobs(other_service)
    assert (restored.batch_id is not None) == re_embed
    assert vector_stores.retrieve(other_service, CALLER, restored.store_id).completed == len(TEXTS) + re_embed
    assert verify(other_service).findings == []


def test_a_committed_store_stays_if_the_database_is_down_too_long_to_confirm_it(
    other_service: FakeServices, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "OUTCOME_CHECKS", 0)
    lose_answer_of_commit(other_service, monkeypatch)
    with pytest.raises(DependencyDown):
        restore_archive(other_service, archive)

    run_maintenance(other_service)
    [store] = vector_stores.list_page(other_service, CALLER, WINDOW).items
    assert store.completed == len(TEXTS)
    assert verify(other_service).findings == []


def test_a_restore_that_was_not_committed_leaves_nothing(
    other_service: FakeServices, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "OUTCOME_CHECK_SECONDS", 0.01)

    def fail(*_: object) -> None:
        raise DependencyDown("database", "it is down")

    monkeypatch.setattr(restore, "_create_store", fail)

    with pytest.raises(DependencyDown):
        restore_archive(other_service, archive)
    assert_nothing_is_left(other_service)


def test_a_restore_needs_no_workers(other_service: FakeServices, archive: Path) -> None:
    restored = restore_archive(other_service, archive)

    assert not any(other_service.queue.lanes.values())
    assert run.run_job(other_service, 1, lease_holder="test/1").result != "completed"
    assert restored.batch_id is None
