"""Imports and plans as their caller sees them: calls of the reporter, and the outcome."""

import csv
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from ingest.errors import Refused
from ingest.imports.run import plan_import, run_import
from tests.cli.fake_service import FakeService
from tests.imports.scenes import RecordingReporter, make_options


@pytest.fixture
def client(service: FakeService) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=service.url, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two files."""
    (tmp_path / "docs").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "docs" / name).write_text(name)
    return tmp_path / "docs"


def test_the_reporter_is_called_at_every_stage(client: openai.OpenAI, folder: Path, tmp_path: Path) -> None:
    reporter = RecordingReporter()

    outcome = run_import(client, make_options(tmp_path / "journals", folder), reporter)

    assert reporter.calls == [
        "enter", "started demo vs_0", "scanning 1", "scanning 2", "scanned 2, 0 to remove", "exit"
    ]  # fmt: skip
    assert (outcome.is_complete, outcome.is_stopped, outcome.reasons) == (True, False, [])
    assert outcome.counts == {
        "completed": 2, "not_uploaded": 0, "unchanged": 0, "removed": 0, "total": 2, "warnings": 0
    }  # fmt: skip


def test_failures_are_reported_grouped_and_written_to_a_file(
    client: openai.OpenAI, service: FakeService, folder: Path, tmp_path: Path
) -> None:
    service.failing_files = {"b.txt": "The file is encrypted."}
    reporter = RecordingReporter()
    failures_file = tmp_path / "failures.csv"

    options = make_options(tmp_path / "journals", folder, failures_file=failures_file)
    outcome = run_import(client, options, reporter)

    assert reporter.failures == [("b.txt", "The file is encrypted.")]
    assert not outcome.is_complete
    assert [(reason, group.files, group.paths) for reason, group in outcome.reasons] == [
        ("The file is encrypted.", 1, ["b.txt"])
    ]
    [row] = csv.DictReader(failures_file.read_text().splitlines())
    assert (row["path"], row["outcome"]) == ("b.txt", "failed")


def test_an_incomplete_scan_skips_the_removal_of_missing_files(
    client: openai.OpenAI, service: FakeService, folder: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "list.txt"
    manifest.write_text(f"{folder}/a.txt\n{folder}/b.txt\n")
    run_import(client, make_options(tmp_path / "journals", manifests=[manifest]), RecordingReporter())
    manifest.write_text(f"{folder}/a.txt\nfile://[x\n")

    options = make_options(tmp_path / "journals", manifests=[manifest], delete_missing=True)
    outcome = run_import(client, options, RecordingReporter())

    assert outcome.skipped_removal
    assert service.names_in_store == ["a.txt", "b.txt"]


def test_a_plan_counts_the_actions_and_changes_nothing(
    client: openai.OpenAI, service: FakeService, folder: Path, tmp_path: Path
) -> None:
    run_import(client, make_options(tmp_path / "journals", folder), RecordingReporter())
    (folder / "a.txt").unlink()
    (folder / "c.txt").write_text("c")
    options = make_options(tmp_path / "journals", folder, delete_missing=True)

    for _ in range(2):
        with plan_import(client, options) as plan:
            assert plan.counts == {"upload": 1, "attach": 0, "remove": 1}
            assert [entry.display_path for entry in plan.entries("upload")] == ["c.txt"]
            assert [entry.display_path for entry in plan.entries("remove")] == ["a.txt"]
            assert (plan.scan_counts.unchanged, plan.removals) == (1, 1)

    assert service.names_in_store == ["a.txt", "b.txt"]


def test_a_service_that_stops_answering_is_refused_with_a_hint_to_resume(
    client: openai.OpenAI, service: FakeService, folder: Path, tmp_path: Path
) -> None:
    def stop_answering() -> None:
        raise ConnectionResetError

    service.on_poll = stop_answering

    with pytest.raises(Refused, match="run the same command again to resume"):
        run_import(client, make_options(tmp_path / "journals", folder), RecordingReporter())
