"""`ingest files` against the real API over fakes."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import InvalidFile
from tests.cli.conftest import Command, run_jobs_until_ended
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts


@pytest.fixture
def birds(services: FakeServices) -> tuple[str, str, str]:
    """A store, a file that completed, and a file that failed."""
    store, [heron] = attach_texts(services, "The heron fishes at dawn.")
    run_jobs_until_ended(services, 1)
    services.parser.error = InvalidFile("The file is damaged.")
    _, [broken] = attach_texts(services, "broken", store_id=store)
    run_jobs_until_ended(services, 1)
    services.parser.error = None
    return store, heron, broken


def json_lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def test_files_are_listed_with_name_status_and_reason(birds: tuple[str, str, str], url: str, ingest: Command) -> None:
    store, heron, broken = birds

    *_, first, second = ingest("files", "list", store, "--url", url).out.splitlines()

    assert first.split()[:2] == [broken, "failed"]
    assert first.endswith("The file is damaged.")
    assert second.split()[:2] == [heron, "completed"]
    assert "a.txt" in second


def test_only_failed_files_are_listed(birds: tuple[str, str, str], url: str, ingest: Command) -> None:
    store, heron, broken = birds

    def listed(*options: str) -> list[str]:
        return [each["id"] for each in json_lines(ingest("files", "list", store, "--json", *options, "--url", url).out)]

    assert listed("--failed") == listed("--status", "failed") == [broken]
    assert listed("--status", "completed") == [heron]
    assert listed("--limit", "1") == [broken]


def test_a_file_is_shown_as_it_was_uploaded_and_as_a_store_has_it(
    birds: tuple[str, str, str], url: str, ingest: Command
) -> None:
    store, heron, broken = birds

    uploaded = ingest("files", "show", heron, "--url", url).out
    in_store = ingest("files", "show", broken, "--store", store, "--url", url).out

    assert "status" not in uploaded
    assert "The file is damaged." in in_store


def test_the_text_and_the_bytes_of_a_file_can_be_had(
    birds: tuple[str, str, str], url: str, ingest: Command, tmp_path: Path
) -> None:
    store, heron, _ = birds
    target = tmp_path / "heron.txt"

    text = ingest("files", "text", heron, "--store", store, "--url", url)
    downloaded = ingest("files", "download", heron, "--output", str(target), "--url", url)
    again = ingest("files", "download", heron, "--output", str(target), "--url", url)

    assert text.err == ""
    assert text.out.splitlines()[-1] == "The heron fishes at dawn."
    assert (downloaded.code, target.read_text()) == (0, "The heron fishes at dawn.")
    assert (again.code, "exists already" in again.err) == (2, True)


def test_a_file_is_removed_from_one_store_or_everywhere(birds: tuple[str, str, str], url: str, ingest: Command) -> None:
    store, heron, broken = birds

    assert ingest("files", "delete", heron, "--url", url).code == 2, "nobody can be asked"
    assert ingest("files", "delete", heron, "--store", store, "--yes", "--url", url).code == 0
    assert ingest("files", "show", heron, "--url", url).code == 0
    assert ingest("files", "delete", heron, broken, "--yes", "--url", url).code == 0
    assert ingest("files", "show", broken, "--url", url).code == 2
