"""`ingest import`: output and exit codes."""

import csv
import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.fake_service import FakeService
from tests.cli.import_scenes import change_file, parse_counts


def test_an_import_whose_files_all_complete_exits_with_0(ingest: Command, service: FakeService, folder: Path) -> None:
    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert service.uploaded_names == {"a.txt", "b.txt", "c.txt"}
    assert re.match(r"store demo \(vs_0\), import imp_[0-9a-f]{32}\n3 files\n", ended.out)
    assert parse_counts(ended.out) == {"completed": 3, "total": 3}


def test_failed_and_refused_files_are_printed_with_reasons_and_exit_with_1(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    service.failing_files = {"c.txt": "The file is encrypted."}
    service.refuse_uploads = {"a.txt": "No room."}

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 1
    assert parse_counts(ended.out) == {"completed": 1, "failed": 1, "not_uploaded": 1, "total": 3}
    assert ended.out.endswith("1 file: No room.\n  a.txt\n1 file: The file is encrypted.\n  sub/c.txt\n")


def test_the_newest_active_store_with_the_name_is_used(ingest: Command, service: FakeService, folder: Path) -> None:
    service.add_store("other")
    service.add_store("demo", status="expired")
    service.add_store("demo")

    ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert len(service.stores) == 3
    assert service.batches["vsfb_0"]["store"] == "vs_2"


def test_the_command_waits_for_slow_batches(ingest: Command, service: FakeService, folder: Path) -> None:
    service.finish_after_polls = 2

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 0
    assert parse_counts(ended.out)["completed"] == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024", 2024), ("-3.5", -3.5), ("true", True), ("false", False), ("True", "True"), ("007", "007"),
        ("nan", "nan"), ("1_000", "1_000"), ("", ""), ("a=b", "a=b"), ("12345678901234567890", "12345678901234567890"),
    ],
)  # fmt: skip
def test_attributes_are_numbers_booleans_or_text(
    ingest: Command, service: FakeService, folder: Path, text: str, value: object
) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url, "--attr", f"key={text}")

    sent = service.batches["vsfb_0"]["attributes"]["key"]
    assert (sent, type(sent)) == (value, type(value))


def test_an_invalid_address_in_a_manifest_is_reported_with_its_line(
    ingest: Command, service: FakeService, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "list.txt").write_text("a.txt\nfile://[x\nhttps://[\nhttp://\ns3://\nfoo://x\n")

    ended = ingest("import", "--manifest", tmp_path / "list.txt", "--store", "demo", "--base-url", service.url)

    assert ended.code == 1
    assert parse_counts(ended.out) == {"completed": 1, "not_uploaded": 5, "total": 6}
    assert "4 files: The address is not valid\n" in ended.out
    assert all(f"list.txt:{line}" in ended.out for line in (2, 3, 4, 6))


def test_manifest_attributes_override_path_attributes_and_fixed_ones(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    listed = folder / "list.jsonl"
    listed.write_text(
        json.dumps({"path": "sub/c.txt", "name": "C.txt", "attributes": {"kind": "letter", "part": "own"}}) + "\n"
    )

    ended = ingest(
        "import", "--manifest", listed, "--store", "demo", "--base-url", service.url,
        "--attr", "kind=any", "--attr", "year=2024", "--attr-from-path", "{part}/*",
    )  # fmt: skip

    assert ended.code == 0
    assert service.names_in_store == ["C.txt"]
    assert list(service.stored_files.values()) == [{"kind": "letter", "year": 2024, "part": "own"}]


def test_a_dry_run_prints_the_plan_and_changes_nothing(ingest: Command, service: FakeService, folder: Path) -> None:
    empty = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--dry-run")
    stores = list(service.stores)
    ingest("import", folder, "--store", "demo", "--base-url", service.url)
    change_file(folder / "a.txt")
    (folder / "b.txt").unlink()

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--dry-run", "--delete-missing")
    again = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--dry-run", "--delete-missing")

    assert (empty.code, stores) == (0, [])
    assert "3 files: 3 to upload" in empty.out
    assert ended.out == (
        "upload a.txt\nremove b.txt\n2 files: 1 to upload, 0 to attach, 1 unchanged, 1 to remove, 0 with problems\n"
    )
    assert again.out == ended.out
    assert service.names_in_store == ["a.txt", "b.txt", "c.txt"]


def test_files_with_problems_are_reported_and_the_others_imported(
    ingest: Command, service: FakeService, folder: Path
) -> None:
    (folder / "empty.txt").touch()
    (folder / "dangling").symlink_to(folder / "nowhere")

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert ended.code == 1
    assert parse_counts(ended.out) == {"completed": 3, "not_uploaded": 2, "total": 5}
    assert "1 file: The file is empty\n  empty.txt\n" in ended.out
    assert "1 file: No such file or directory\n  dangling\n" in ended.out


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_failures_are_written_to_a_file(
    ingest: Command, service: FakeService, folder: Path, tmp_path: Path, suffix: str
) -> None:
    service.failing_files = {"c.txt": "The file is encrypted."}
    service.refuse_uploads = {"a.txt": "No room."}
    target = tmp_path / f"failures.{suffix}"

    ingest("import", folder, "--store", "demo", "--base-url", service.url, "--failures", target)

    with target.open(newline="") as file:
        rows = list(csv.DictReader(file)) if suffix == "csv" else [json.loads(line) for line in file]
    assert [(row["path"], row["outcome"], row["reason"]) for row in rows] == [
        ("a.txt", "not_uploaded", "No room."),
        ("sub/c.txt", "failed", "The file is encrypted."),
    ]
    assert service.uploads[rows[1]["file_id"]][0] == "c.txt"


def test_json_output_has_one_event_a_line(ingest: Command, service: FakeService, folder: Path) -> None:
    service.failing_files = {"c.txt": "The file is encrypted."}

    ended = ingest("import", folder, "--store", "demo", "--base-url", service.url, "--json")

    events = [json.loads(line) for line in ended.out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "started"
    assert kinds[-1] == "finished"
    assert {"scanned", "progress", "failed"} <= set(kinds)
    failed = next(event for event in events if event["event"] == "failed")
    assert (failed["path"], failed["reason"]) == ("sub/c.txt", "The file is encrypted.")
    end = events[-1]
    assert (end["completed"], end["failed"], end["total"], end["complete"]) == (2, 1, 3, False)
    assert end["reasons"] == [{"reason": "The file is encrypted.", "files": 1, "first": ["sub/c.txt"]}]


def test_the_api_key_comes_from_the_option_or_the_environment(
    ingest: Command, service: FakeService, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest("import", folder, "--store", "demo", "--base-url", service.url, "--api-key", "ik_option")
    monkeypatch.setenv("INGEST_API_KEY", "ik_environment")
    ingest("import", folder, "--store", "demo", "--base-url", service.url)

    assert service.authorizations == {"Bearer ik_option", "Bearer ik_environment"}
