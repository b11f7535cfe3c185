"""Damaged bytes are found: sizes always, contents with `deep`; and what a repair does about them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from ingest.blobs import part_key, text_key
from ingest.db.models import StoreFile
from ingest.jobs.maintenance import run_maintenance
from ingest.steps.parse import PARSER_VERSION
from ingest.stores import uploads
from ingest.verify import Report, verify
from ingest.verify.pace import Pace
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs


def blob_path(services: FakeServices) -> Path:
    [path] = [path for path in (services.settings.data / "blobs" / "raw").rglob("*") if path.is_file()]
    return path


def flip(path: Path) -> None:
    """Change one byte and keep the size."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def add_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def kinds(report: Report) -> list[str]:
    return [finding.kind for finding in report.findings]


@pytest.mark.parametrize("damage", [empty, cut, add_bytes])
def test_a_blob_of_another_size_is_found_and_names_the_file(
    services: FakeServices, damage: Callable[[Path], None]
) -> None:
    _, [file_id] = attach_texts(services, "a wren sings")
    run_published_jobs(services)
    damage(blob_path(services))

    report = verify(services, repair=True)

    assert [(finding.kind, finding.object, finding.repair) for finding in report.findings] == [
        ("blob_damaged", file_id, None)
    ]
    assert "upload the file again" in report.findings[0].detail
    assert report.unrepaired == 1


def test_a_changed_byte_is_found_by_a_deep_verification_only(services: FakeServices) -> None:
    _, [file_id, other] = attach_texts(services, "a wren sings", "a wren sings")
    run_published_jobs(services)
    assert kinds(verify(services, deep=True)) == []
    flip(blob_path(services))

    assert kinds(verify(services)) == []
    findings = verify(services, deep=True, repair=True).findings

    assert [(finding.kind, finding.object) for finding in findings] == [
        ("blob_damaged", file_id),
        ("blob_damaged", other),
    ]


def test_uploading_the_same_bytes_again_mends_a_damaged_blob(services: FakeServices) -> None:
    attach_texts(services, "a wren sings")
    run_published_jobs(services)
    flip(blob_path(services))

    attach_texts(services, "a wren sings")

    assert kinds(verify(services, deep=True)) == []


def test_a_changed_text_of_a_point_is_found_and_written_again(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "word " * 2_000)
    run_published_jobs(services)
    key = max(services.index.points)
    owner, point = services.index.points[key]
    services.index.points[key] = (owner, replace(point, text="changed"))

    assert kinds(verify(services)) == []
    assert kinds(verify(services, deep=True)) == ["points_damaged"]
    [finding] = verify(services, deep=True, repair=True).findings
    assert finding.object == f"{file_id} in {store}"
    assert "queued again" in (finding.repair or "")

    services.feeder.top_up()
    run_published_jobs(services)
    run_maintenance(services)
    assert verify(services, deep=True).findings == []
    assert all(point.text != "changed" for _, point in services.index.points.values())


def test_a_damaged_point_of_a_file_with_damaged_bytes_is_not_queued_in_vain(services: FakeServices) -> None:
    store, _ = attach_texts(services, "a wren sings")
    run_published_jobs(services)
    [(key, (owner, point))] = services.index.points.items()
    services.index.points[key] = (owner, replace(point, text="changed"))
    flip(blob_path(services))

    report = verify(services, deep=True, repair=True)

    assert sorted((finding.kind, finding.repair) for finding in report.findings) == [
        ("blob_damaged", None),
        ("points_damaged", None),
    ]
    assert rows.read_counts(services.database, store) == (0, 1, 0, 0)


def test_texts_that_have_changed_places_are_found(services: FakeServices) -> None:
    attach_texts(services, "word " * 2_000)
    run_published_jobs(services)
    first, second = sorted(services.index.points)[:2]
    (owner, point), (_, other) = services.index.points[first], services.index.points[second]
    services.index.points[first] = (owner, replace(point, text=other.text + "!"))
    services.index.points[second] = (owner, replace(other, text=point.text + "!"))

    assert kinds(verify(services, deep=True)) == ["points_damaged"]


def test_files_of_older_versions_get_a_checksum_by_a_deep_repair(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "a wren sings")
    run_published_jobs(services)
    written = rows.get_row(services.database, store, file_id).text_checksum
    with services.database.transaction() as session:
        session.execute(update(StoreFile).values(text_checksum=None))

    report = verify(services, deep=True)
    assert (report.counts, len(report.hints)) == ({}, 1)
    assert verify(services, deep=True, repair=True).counts == {}

    assert rows.get_row(services.database, store, file_id).text_checksum == written is not None
    assert verify(services, deep=True).hints == []


def test_a_damaged_stored_text_is_deleted_by_a_deep_repair(services: FakeServices) -> None:
    services.parser.kind = "pdf"
    attach_texts(services, "a wren sings")
    run_published_jobs(services)
    [key] = services.blobs.list_keys("text/")
    data = services.blobs.read(key)
    assert json.loads(data)["text"] == "a wren sings"
    services.blobs.write(key, data.replace(b"wren", b"crow"))

    report = verify(services, deep=True, repair=True)

    assert [(finding.kind, finding.object) for finding in report.findings] == [("text_damaged", key)]
    assert report.unrepaired == 0
    assert verify(services, deep=True).findings == []


def test_a_stored_text_of_an_older_version_is_not_damaged(services: FakeServices) -> None:
    attach_texts(services, "a wren sings")
    [raw] = services.blobs.list_keys("raw/")
    services.blobs.write(text_key(raw.removeprefix("raw/"), PARSER_VERSION, "txt"), b'{"text": "x"}')

    assert kinds(verify(services, deep=True)) == []


def test_a_damaged_part_of_an_upload_is_found(services: FakeServices) -> None:
    upload = uploads.create(
        services,
        CALLER,
        filename="a.txt",
        purpose="assistants",
        size=8,
        mime_type="text/plain",
        file_expires_after=None,
    ).upload
    part = uploads.add_part(services, CALLER, upload.id, [b"abcdefgh"])
    assert kinds(verify(services, deep=True)) == []

    services.blobs.write(part_key(part.id), b"abcdefgX")
    assert kinds(verify(services)) == []
    assert kinds(verify(services, deep=True)) == ["part_damaged"]
    services.blobs.write(part_key(part.id), b"abc")
    assert kinds(verify(services)) == ["part_damaged"]


def test_blobs_that_are_newer_than_the_newest_file_are_kept(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that was restored from an older backup does not know their files."""
    services.blobs.write("raw/" + "ab" * 32, b"newer")
    monkeypatch.setattr("ingest.verify.blobs.GRACE_SECONDS", -1.0)

    [finding] = verify(services, repair=True).findings

    assert (finding.kind, finding.repair) == ("blob_orphaned", None)
    assert "The database may be an older backup" in finding.detail
    assert list(services.blobs.list_keys("raw/")) == ["raw/" + "ab" * 32]


def test_the_pace_bounds_the_bytes_that_are_read_in_a_second() -> None:
    slept: list[float] = []
    pace = Pace(100.0, sleep=slept.append, clock=lambda: 50.0)

    for _ in range(3):
        pace.spend(200)

    assert slept == [2.0, 4.0, 6.0]  # the clock stands still
    Pace(None).spend(10**12)
