"""Scheduled imports as their process runs them, over fakes and on both databases."""

import os
from pathlib import Path

import fsspec
import pytest

from api import import_process
from ingest.db.content import imported_files
from ingest.db.pages import Window
from ingest.imports import schedules
from ingest.search import search
from ingest.steps.parse.report import ReportBuilder
from ingest.stores import files, members
from ingest.tenancy import projects
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.imports.mirror_scenes import (
    count_files,
    create_mirror,
    nonzero_counts,
    run_to_end,
    start_run,
    store_file_names,
)


def test_the_next_run_of_a_mirror_transfers_only_changes(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    schedule = create_mirror(services, documents)

    first = run_to_end(services, schedule, tmp_path)
    (documents / "a.txt").write_text("A kingfisher dives now.")
    (documents / "b.txt").unlink()
    (documents / "d.txt").write_text("A newt hides.")
    second = run_to_end(services, schedule, tmp_path)
    third = run_to_end(services, schedule, tmp_path)

    assert (first.result, nonzero_counts(first)) == ("completed", {"uploaded": 3, "completed": 3, "total": 3})
    assert (second.result, nonzero_counts(second)) == (
        "completed",
        {"uploaded": 2, "removed": 1, "completed": 3, "total": 3},
    )
    assert (third.result, nonzero_counts(third)) == ("completed", {"completed": 3, "total": 3})
    assert len({first.run_id, second.run_id, third.run_id}) == 3
    assert store_file_names(services, schedule) == ["a.txt", "c.txt", "d.txt"]
    assert count_files(services) == 3
    assert rows.read_counts(services.database, schedule.vector_store_id) == (0, 3, 0, 0)
    [result, *_] = search.search(services, CALLER, schedule.vector_store_id, ["kingfisher"], limit=5)
    assert result.filename == "a.txt"


def test_a_run_counts_the_files_with_warnings_that_it_completed(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    builder = ReportBuilder()
    builder.warn("page_not_read", "The page is a picture.", "page 7")
    services.parser.report = builder.build()
    schedule = create_mirror(services, documents)

    first, second = (run_to_end(services, schedule, tmp_path) for _ in range(2))

    assert (first.result, first.counts["completed"], first.counts["warnings"]) == ("completed", 3, 3)
    assert (second.result, second.counts["completed"], second.counts["warnings"]) == ("completed", 3, 0)


def test_the_temporary_folder_may_have_a_longer_path_than_a_socket_address(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    deep = tmp_path / ("long" * 40)
    deep.mkdir()

    ended = run_to_end(services, create_mirror(services, documents), deep)

    assert (ended.result, nonzero_counts(ended)) == ("completed", {"uploaded": 3, "completed": 3, "total": 3})


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # uvicorn exits its thread
def test_a_process_whose_own_api_does_not_start_fails_at_once(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    held = start_run(services, create_mirror(services, documents))
    (tmp_path / "work" / "api").mkdir(parents=True)  # where the socket belongs

    with pytest.raises(RuntimeError, match="did not start"):
        import_process.execute_run(services, held.row, held.fence, tmp_path / "work", exit_process=lambda _: None)


def test_a_touched_file_is_hashed_once_and_not_uploaded(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    schedule = create_mirror(services, documents)
    run_to_end(services, schedule, tmp_path)
    os.utime(documents / "a.txt", (1, 1))

    assert nonzero_counts(run_to_end(services, schedule, tmp_path)) == {"completed": 3, "total": 3}

    with services.database.reading():
        stamps = {
            version.name: version.fingerprint
            for version in imported_files.iterate_versions(services.database, schedule.row)
        }
    assert stamps["a.txt"] == str(10**9)


def test_attributes_patterns_and_manifests_of_a_schedule_apply(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    listing = documents.parent / "list.csv"
    listing.write_text("path,kind\ndocuments/a.txt,bird\n")
    options = {
        "manifests": [str(listing)], "include": ["*.txt"], "exclude": ["b*"], "attributes": {"year": 2026},
        "attributes_from_path": ["{part}/*"],
    }  # fmt: skip
    schedule = create_mirror(services, documents, **options)

    assert nonzero_counts(run_to_end(services, schedule, tmp_path)) == {"uploaded": 2, "completed": 2, "total": 2}

    page = members.list_page(services, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    assert sorted((item.attributes for item in page.items), key=len) == [{"year": 2026}, {"year": 2026, "part": "more"}]


def test_new_attributes_are_attached_to_unchanged_files(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    schedule = create_mirror(services, documents)
    run_to_end(services, schedule, tmp_path)
    schedules.update(
        services, CALLER, schedule.vector_store_id, schedule.id, {"attributes": {"checked": True, "part": 1.5}}
    )

    assert nonzero_counts(run_to_end(services, schedule, tmp_path)) == {"completed": 3, "total": 3}

    page = members.list_page(services, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    assert [item.attributes for item in page.items] == [{"checked": True, "part": 1.5}] * 3


def test_a_bucket_is_mirrored_like_a_folder(services: FakeServices, tmp_path: Path) -> None:
    services.settings = services.settings.model_copy(update={"import_roots": "memory://shared/reports"})
    bucket = fsspec.filesystem("memory")
    bucket.pipe(
        {"/shared/reports/a.txt": b"A heron.", "/shared/reports/b.txt": b"An otter.", "/shared/c.txt": b"A toad."}
    )
    try:
        schedule = create_mirror(services, tmp_path, sources=["memory://shared/reports"])
        first = run_to_end(services, schedule, tmp_path)
        bucket.rm("/shared/reports/b.txt")
        second = run_to_end(services, schedule, tmp_path)
    finally:
        bucket.rm("/shared", recursive=True)

    assert nonzero_counts(first) == {"uploaded": 2, "completed": 2, "total": 2}
    assert nonzero_counts(second) == {"removed": 1, "completed": 1, "total": 1}
    assert store_file_names(services, schedule) == ["a.txt"]


def test_a_file_deleted_from_the_service_is_imported_again(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    schedule = create_mirror(services, documents)
    run_to_end(services, schedule, tmp_path)
    page = members.list_page(services, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    files.delete(services, CALLER, page.items[0].file_id)
    members.delete(services, CALLER, schedule.vector_store_id, page.items[1].file_id)

    assert nonzero_counts(run_to_end(services, schedule, tmp_path)) == {"uploaded": 1, "completed": 3, "total": 3}

    assert store_file_names(services, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_without_delete_missing_nothing_is_removed(services: FakeServices, documents: Path, tmp_path: Path) -> None:
    schedule = create_mirror(services, documents, delete_missing=False)
    run_to_end(services, schedule, tmp_path)
    (documents / "b.txt").unlink()

    assert nonzero_counts(run_to_end(services, schedule, tmp_path)) == {"completed": 2, "total": 2}

    assert store_file_names(services, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_failed_files_are_grouped_by_reason_and_retried_only_with_retry_failed(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    (documents / "empty.txt").write_text("")
    (documents / "b.txt").write_bytes(bytes(range(1, 9)) * 50)  # it does not look like text
    schedule = create_mirror(services, documents)

    ended = run_to_end(services, schedule, tmp_path)

    assert ended.result == "incomplete"
    assert nonzero_counts(ended) == {"uploaded": 3, "completed": 2, "failed": 1, "not_uploaded": 1, "total": 4}
    assert {item["first"][0]: item["files"] for item in ended.reasons} == {"empty.txt": 1, "b.txt": 1}
    parsed = services.parser.parsed
    assert nonzero_counts(run_to_end(services, schedule, tmp_path)) == {
        "completed": 2,
        "failed": 1,
        "not_uploaded": 1,
        "total": 4,
    }
    assert services.parser.parsed == parsed
    schedules.update(services, CALLER, schedule.vector_store_id, schedule.id, {"retry_failed": True})
    assert nonzero_counts(run_to_end(services, schedule, tmp_path))["failed"] == 1


def test_a_source_that_does_not_exist_fails_the_run_and_removes_nothing(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    schedule = create_mirror(services, documents)
    run_to_end(services, schedule, tmp_path)
    documents.rename(documents.with_name("unmounted"))
    ended = run_to_end(services, schedule, tmp_path)
    documents.mkdir()
    empty = run_to_end(services, schedule, tmp_path)

    assert (ended.result, ended.error) == ("failed", f"{documents} does not exist.")
    assert (empty.result, empty.error) == ("failed", "The sources contain no files.")
    assert store_file_names(services, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_an_empty_source_among_others_is_a_problem_and_removes_nothing(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    other = documents.parent / "other"
    other.mkdir()
    (other / "d.txt").write_text("A newt hides.")
    listing = documents.parent / "list.txt"
    listing.write_text(f"{other}\n")
    schedule = create_mirror(services, documents, sources=[str(documents), str(other)], manifests=[str(listing)])
    assert run_to_end(services, schedule, tmp_path).result == "completed"
    (other / "d.txt").unlink()
    (documents / "b.txt").unlink()

    for lines, problems in ((f"{other}\n", 2), ("", 2)):
        listing.write_text(lines)
        ended = run_to_end(services, schedule, tmp_path)
        assert (ended.result, nonzero_counts(ended)) == (
            "incomplete", {"completed": 2, "not_uploaded": problems, "total": 2 + problems}
        )  # fmt: skip
        assert [(item["reason"], item["files"]) for item in ended.reasons] == [
            ("The source contains no files", problems)
        ]
    assert store_file_names(services, schedule) == ["a.txt", "b.txt", "c.txt", "d.txt"]


@pytest.mark.parametrize("inner_first", [False, True])
def test_a_source_inside_another_source_is_not_empty(
    services: FakeServices, documents: Path, tmp_path: Path, inner_first: bool
) -> None:
    (documents / "a.txt").unlink()
    (documents / "b.txt").unlink()
    sources = sorted([str(documents), str(documents / "more")], reverse=inner_first)

    ended = run_to_end(services, create_mirror(services, documents, sources=sources), tmp_path)

    assert (ended.result, nonzero_counts(ended)) == ("completed", {"uploaded": 1, "completed": 1, "total": 1})


def test_an_exhausted_quota_fails_the_run_with_the_reason(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    projects.set_limits(services.database, "default", {"stored_bytes": 20})

    ended = run_to_end(services, create_mirror(services, documents), tmp_path)

    assert ended.result == "failed"
    assert ended.error is not None
    assert "quota" in ended.error


def test_a_limit_of_files_in_progress_makes_smaller_batches(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    projects.set_limits(services.database, "default", {"files_in_progress": 2})

    ended = run_to_end(services, create_mirror(services, documents), tmp_path)

    assert (ended.result, nonzero_counts(ended)) == ("completed", {"uploaded": 3, "completed": 3, "total": 3})
