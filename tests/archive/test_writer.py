"""Exports of stores that cannot be exported completely."""

from pathlib import Path

import pytest

from ingest.archive import writer
from ingest.db.queue.membership import Member
from ingest.errors import Refused
from ingest.stores import batches
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import upload_text


def test_an_unknown_store_and_one_with_files_in_progress_are_not_exported(
    services: FakeServices, store: str, tmp_path: Path
) -> None:
    batches.create(services, CALLER, store, [Member(upload_text(services, "a newt"), {}, 800, 400)])

    with pytest.raises(Refused, match="in progress"):
        writer.export_store(services, store, tmp_path / "a.tar")
    with pytest.raises(Refused, match="no store"):
        writer.export_store(services, "nowhere", tmp_path / "a.tar")
    assert not list(tmp_path.glob("*a.tar*"))


def test_a_store_with_missing_points_is_not_exported(services: FakeServices, store: str, tmp_path: Path) -> None:
    services.index.points.popitem()  # one of the last file's

    with pytest.raises(Refused, match="points"):
        writer.export_store(services, "zoo", tmp_path / "zoo.tar")
    assert not list(tmp_path.glob("*zoo*"))
