"""`ingest report`, and what `ingest status` and `ingest import` say about warnings, against a fake service."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.fake_service import FakeService


@pytest.fixture
def folder(service: FakeService, tmp_path: Path) -> Path:
    """A folder of two files. The service reads one of them with a warning."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("clean.txt", "scan.pdf"):
        (folder / name).write_text(name)
    service.warnings = {"scan.pdf": "The page is a picture."}
    return folder


@pytest.fixture
def imported(ingest: Command, service: FakeService, folder: Path) -> str:
    """The output of an import of the folder."""
    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)
    assert ended.code == 0
    return ended.out


def test_an_import_reports_warnings_and_ends_with_exit_code_0(imported: str) -> None:
    assert "  with warnings" in imported
    assert "1 file completed with a warning: The page is a picture.\n  scan.pdf\n" in imported


def test_the_failures_file_has_files_with_warnings_as_a_kind_of_their_own(
    ingest: Command, service: FakeService, folder: Path, tmp_path: Path
) -> None:
    service.failing_files = {"clean.txt": "It is encrypted."}
    target = tmp_path / "failures.jsonl"

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--failures", target, "--json")

    finished = json.loads(ended.out.splitlines()[-1])
    failed, warned = (json.loads(line) for line in target.read_text().splitlines())
    assert (failed["outcome"], failed["reason"]) == ("failed", "It is encrypted.")
    assert (warned["outcome"], warned["path"]) == ("completed_with_warnings", "scan.pdf")
    assert warned["file_id"]
    assert (ended.code, finished["completed"], finished["warnings"], finished["total"]) == (1, 1, 1, 2)
    assert [each["files"] for each in finished["warning_reasons"]] == [1]


def test_unchanged_files_are_not_reported_again(
    ingest: Command, service: FakeService, folder: Path, imported: str
) -> None:
    again = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert "warning" not in again.out


@pytest.mark.parametrize("target", ["demo", "vs_0", "vsfb_0"])
def test_the_status_counts_files_with_warnings(
    ingest: Command, service: FakeService, imported: str, target: str
) -> None:
    ended = ingest("status", target, "--base-url", service.url)
    as_json = json.loads(ingest("status", target, "--base-url", service.url, "--json").out)

    assert ended.code == 0
    assert "2 completed (1 with warnings), 0 failed" in ended.out
    assert as_json["warnings"] == 1


def test_the_status_of_an_import_adds_the_warnings_of_its_batches(
    ingest: Command, service: FakeService, imported: str
) -> None:
    (line,) = ingest("status", "--json").out.splitlines()

    ended = ingest("status", json.loads(line)["id"])

    assert "(1 with warnings)" in ended.out


@pytest.mark.parametrize("by_name", [True, False])
def test_the_report_of_a_file_names_its_reader_parts_and_warnings(
    ingest: Command, service: FakeService, imported: str, by_name: bool
) -> None:
    [file_id] = [file_id for file_id, (name, _) in service.uploads.items() if name == "scan.pdf"]

    ended = ingest("report", "demo", "scan.pdf" if by_name else file_id, "--base-url", service.url)

    lines = ended.out.splitlines()
    assert ended.code == 1
    assert lines[0].startswith("scan.pdf (file-")
    assert lines[1:] == [
        "  read by pypdfium2 5.0, language en",
        "  page: 6 read, 1 not read",
        "  replaced characters: 2",
        "  page_not_read: page 7: The page is a picture.",
        "  and 1 more",
    ]


def test_a_file_without_warnings_has_exit_code_0(ingest: Command, service: FakeService, imported: str) -> None:
    ended = ingest("report", "demo", "clean.txt", "--base-url", service.url, "--json")

    assert (ended.code, json.loads(ended.out)["warnings"]) == (0, [])


def test_without_a_file_all_files_with_warnings_are_listed(
    ingest: Command, service: FakeService, imported: str
) -> None:
    ended = ingest("report", "demo", "--base-url", service.url)

    assert ended.code == 1
    assert "page_not_read" in ended.out
    assert "clean.txt" not in ended.out
    assert "  page_not_read: page 7: The page is a picture." in ended.out


def test_a_store_without_warnings_says_so(ingest: Command, service: FakeService, imported: str) -> None:
    service.warnings = {}

    ended = ingest("report", "demo", "--base-url", service.url)

    assert (ended.code, ended.out) == (0, "no file has warnings\n")


@pytest.mark.parametrize("file", ["file-99", "unknown.pdf"])
def test_an_unknown_file_is_refused(ingest: Command, service: FakeService, imported: str, file: str) -> None:
    ended = ingest("report", "demo", file, "--base-url", service.url)

    assert ended.code == 2
    assert file in ended.err
