"""`ingest import`: interrupted and repeated imports."""

import os
import signal
import time
from pathlib import Path

from tests.cli.conftest import Command
from tests.cli.fake_service import FakeService
from tests.cli.import_scenes import change_file, parse_counts, parse_import_id


def test_ctrl_c_counts_only_files_that_have_not_ended(ingest: Command, service: FakeService, folder: Path) -> None:
    service.failing_files = {"b.txt": "It is encrypted."}
    service.finish_after_polls, service.fails_early = 10**9, True
    service.on_poll = lambda: signal.raise_signal(signal.SIGINT) if service.polls == 2 else None

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert "The service continues with 2 files." in ended.out


def test_ctrl_c_prints_how_many_files_the_service_continues_with(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    service.finish_after_polls = 1_000
    service.on_poll = lambda: os.kill(os.getpid(), signal.SIGINT)

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 130
    assert ended.out.endswith("Stopped. The service continues with 3 files. Run the same command again to resume.\n")


def test_a_second_ctrl_c_ends_at_once(ingest: Command, service: FakeService, folder: Path) -> None:
    service.finish_after_polls = 1_000

    def interrupt_twice() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)  # two signals at once would count as one

    service.on_poll = interrupt_twice

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert (ended.code, ended.err) == (130, "")


def test_an_interrupted_import_is_resumed_under_the_same_id(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    service.finish_after_polls = 1_000
    service.on_poll = lambda: os.kill(os.getpid(), signal.SIGINT)
    first = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    service.finish_after_polls, service.on_poll = 0, lambda: None

    second = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    third = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert (first.code, second.code, third.code) == (130, 0, 0)
    assert parse_import_id(first.out) == parse_import_id(second.out) != parse_import_id(third.out)
    assert (len(service.uploads), len(service.batches)) == (3, 1)
    assert parse_counts(second.out) == {"completed": 3, "total": 3}


def test_a_second_import_uploads_only_new_files(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    (folder / "d.txt").write_text("new")

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert service.names_in_store == ["a.txt", "b.txt", "c.txt", "d.txt"]
    assert len(service.uploads) == 4
    assert parse_counts(ended.out) == {"completed": 4, "unchanged": 3, "total": 4}


def test_a_touched_file_is_not_uploaded(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    os.utime(folder / "a.txt", ns=(1, 1))

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert (len(service.uploads), len(service.batches)) == (3, 1)
    assert parse_counts(ended.out)["completed"] == 3


def test_a_changed_file_replaces_its_earlier_version(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    before = set(service.stored_files)
    change_file(folder / "a.txt")

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert service.names_in_store == ["a.txt", "b.txt", "c.txt"]
    assert len(service.uploads) == 3
    assert len(before & set(service.stored_files)) == 2


def test_the_earlier_version_stays_until_the_new_one_is_completed(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    change_file(folder / "a.txt")
    service.failing_files = {"a.txt": "The file is encrypted."}
    failed = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    in_between = service.names_in_store
    service.failing_files = {}
    change_file(folder / "a.txt")

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert (failed.code, ended.code) == (1, 0)
    assert in_between == ["a.txt", "a.txt", "b.txt", "c.txt"]
    assert service.names_in_store == ["a.txt", "b.txt", "c.txt"]
    assert len(service.uploads) == 3


def test_delete_missing_removes_only_files_that_the_sources_lost(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    other = folder.parent / "other.txt"
    other.write_text("from elsewhere")
    ingest("import", other, "--store", "demo", "--base-url", service.url)
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    (folder / "b.txt").unlink()

    kept = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    before = service.names_in_store
    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--delete-missing")

    assert (kept.code, ended.code) == (0, 0)
    assert before == ["a.txt", "b.txt", "c.txt", "other.txt"]
    assert service.names_in_store == ["a.txt", "c.txt", "other.txt"]
    assert len(service.uploads) == 3
    assert parse_counts(ended.out) == {"completed": 2, "unchanged": 2, "removed": 1, "total": 2}


def test_delete_missing_with_empty_sources_removes_nothing(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (folder / name).unlink()

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--delete-missing")

    assert (ended.code, ended.err) == (2, "ingest: The sources contain no files.\n")
    assert service.names_in_store == ["a.txt", "b.txt", "c.txt"]


def test_new_attributes_are_attached_without_an_upload(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--attr", "year=2024")

    assert ended.code == 0
    assert len(service.uploads) == 3
    assert list(service.stored_files.values()) == [{"year": 2024}] * 3


def test_a_failed_file_is_reported_again_and_retried_only_with_retry_failed(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    service.failing_files = {"c.txt": "The file is encrypted."}
    ingest("import", folder, "--store", "demo", "--base-url", service.url)

    repeated = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    batches = len(service.batches)
    retried = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--retry-failed")

    assert (repeated.code, retried.code) == (1, 1)
    assert repeated.out.endswith("1 file: The file is encrypted.\n  sub/c.txt\n")
    assert (batches, len(service.batches)) == (1, 2)
    assert service.batches["vsfb_1"]["file_ids"] == [f for f, (name, _) in service.uploads.items() if name == "c.txt"]


def test_a_failed_file_that_was_retried_on_the_service_is_completed(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    service.failing_files = {"c.txt": "The server was too small."}
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    service.failing_files = {}

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert parse_counts(ended.out)["completed"] == 3
    assert len(service.batches) == 1


def test_a_file_deleted_from_the_store_is_imported_again(ingest: Command, service: FakeService, folder: Path) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    detached, deleted, _ = list(service.stored_files)
    del service.stored_files[detached], service.stored_files[deleted], service.uploads[deleted]

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert service.names_in_store == ["a.txt", "b.txt", "c.txt"]
    assert detached in service.stored_files


def test_a_mirror_removes_nothing_beyond_max_delete(ingest: Command, service: FakeService, folder: Path) -> None:
    mirror = ("import", folder, "--store", "demo", "--base-url", service.url, "--delete-missing")
    ingest(*mirror)
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in names[:2]:
        path.unlink()

    planned = ingest(*mirror, "--max-delete", "1", "--dry-run")
    refused = [ingest(*mirror, "--max-delete", limit) for limit in ("1", "50%")]
    in_store_meanwhile = len(service.stored_files)
    allowed = ingest(*mirror, "--max-delete", "2")

    assert (planned.code, [ended.code for ended in refused], allowed.code) == (0, [3, 3], 0)
    message = "No file is removed: 2 files are missing in the sources, which is more than --max-delete allows."
    assert {ended.err.strip() for ended in (planned, *refused)} == {message}
    assert (in_store_meanwhile, len(service.stored_files)) == (3, 1)
    assert ingest("import", folder, "--store", "demo", "--max-delete", "1").code == 2


def test_an_earlier_interrupted_removal_does_not_go_past_max_delete(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    mirror = ("import", folder, "--store", "demo", "--base-url", service.url, "--delete-missing")
    ingest(*mirror)
    for path in sorted(path for path in folder.rglob("*") if path.is_file())[:2]:
        path.unlink()
    (folder / "new.txt").write_text("new")
    service.finish_after_polls = service.polls + 1_000
    service.on_poll = lambda: os.kill(os.getpid(), signal.SIGINT)
    assert ingest(*mirror).code == 130  # the files are marked for removal
    service.finish_after_polls, service.on_poll = 0, lambda: None

    assert ingest(*mirror, "--max-delete", "1").code == 3
    assert len(service.stored_files) == 4
