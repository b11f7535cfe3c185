"""`ingest status` as its user sees it."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.fake_service import FakeService


@pytest.fixture
def imported(ingest: Command, service: FakeService, tmp_path: Path) -> str:
    """The id of an import of two files, of which one failed."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / name).write_text(name)
    service.fail = {"b.txt": "It is encrypted."}
    ended = ingest("import", tmp_path / "docs", "--store", "demo", "--base-url", service.url)
    match = re.search(r"imp_\w+", ended.out)
    assert match
    return match[0]


@pytest.mark.parametrize("what", ["import", "batch", "id", "name"])
def test_imports_batches_and_stores_tell_how_their_files_stand(
    ingest: Command, service: FakeService, imported: str, what: str
) -> None:
    named = {"import": imported, "batch": "vsfb_0", "id": "vs_0", "name": "demo"}[what]

    ended = ingest("status", named, "--base-url", service.url)

    assert ended.code == 1
    assert ended.out.endswith("0 in progress, 1 completed, 1 failed, 0 cancelled, 2 in total\n")


def test_a_batch_that_was_not_made_here_is_found_on_the_service(
    ingest: Command, service: FakeService, imported: str, tmp_path: Path
) -> None:
    ended = ingest("status", "vsfb_0", "--base-url", service.url, "--journal", tmp_path / "none", "--json")

    told = json.loads(ended.out)
    assert (told["object"], told["id"], told["file_counts"]["failed"]) == ("batch", "vsfb_0", 1)


def test_a_watched_batch_is_told_until_it_is_over(ingest: Command, service: FakeService, imported: str) -> None:
    service.polls, service.finish_after_polls = 0, 2

    ended = ingest("status", imported, "--watch", "--json")

    told = [json.loads(line) for line in ended.out.splitlines()]
    assert [each["over"] for each in told] == [False, True]
    assert told[-1]["file_counts"]["total"] == 2


def test_without_a_name_all_imports_are_listed(ingest: Command, service: FakeService, imported: str) -> None:
    ended = ingest("status", "--json")

    (told,) = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 0
    assert (told["id"], told["store"], told["completed"], told["failed"]) == (imported, "demo", 1, 1)
    assert told["ended"] is not None


@pytest.mark.parametrize("what", ["imp_0", "vsfb_nothing", "nowhere"])
def test_what_is_unknown_is_refused(ingest: Command, service: FakeService, what: str) -> None:
    ended = ingest("status", what, "--base-url", service.url)

    assert ended.code == 2
    assert ended.err.count("\n") == 1
