"""What a scheduled import may read. (Refused sources: tests/test_import_schedules.py.)"""

import os
from pathlib import Path

import pytest

from ingest import import_schedules
from ingest.cli.importing.sources import check
from ingest.config import Settings
from ingest.errors import Refused
from ingest.roots import ANYWHERE, OUTSIDE, Roots


def roots(setting: object, *kept_out: Path, blobs: str = "/nowhere/blobs") -> Roots:
    return Roots.of(str(setting), "proj_1", kept_out, blobs)


@pytest.mark.parametrize("setting", ["documents", "./documents", "https://docs.example", "/srv,docs", "file://docs"])
def test_a_root_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(Refused, match="INGEST_IMPORT_ROOTS"):
        roots(setting)


def test_a_root_may_be_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert roots(tmp_path / "link").holds(str(tmp_path / "real" / "a.txt"))
    assert roots(tmp_path / "link").holds(str(tmp_path / "link" / "a.txt"))


def test_a_file_that_is_allowed_is_read_under_a_path_that_nobody_can_change(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    with roots(tmp_path).opened(str(tmp_path / "a.txt")) as path:
        (tmp_path / "a.txt").unlink()
        (tmp_path / "a.txt").symlink_to("/etc/hostname")

        assert Path(path).read_text() == "mine"


def test_what_is_outside_kept_out_or_no_file_is_not_opened(tmp_path: Path) -> None:
    shared, kept = tmp_path / "shared", tmp_path / "shared" / "kept"
    kept.mkdir(parents=True)
    (kept / "key.txt").write_text("secret")
    (tmp_path / "b.txt").write_text("secret")
    (shared / "link.txt").symlink_to(tmp_path / "b.txt")
    os.mkfifo(shared / "pipe")
    allowed = roots(shared, kept)

    for path in (tmp_path / "b.txt", shared / "link.txt", kept / "key.txt", shared / "pipe", shared):
        with pytest.raises(OSError, match=r"outside|regular"), allowed.opened(str(path)):
            pass


def test_a_person_reads_what_that_person_can_read() -> None:
    assert ANYWHERE.complaint_about("../x") == ""
    with ANYWHERE.opened("/nowhere") as path:
        assert path == "/nowhere"


@pytest.mark.parametrize(
    "blobs", ["s3://company/ingest-blobs", "s3a://company/ingest-blobs/", "S3://company//ingest-blobs"]
)
@pytest.mark.parametrize(
    "source",
    [
        "s3://company", "s3://company/", "s3://company/*", "s3://company/ingest-blobs", "s3://company//ingest-blobs/raw",
        "s3://company/ingest-blobs/raw/*", "s3://company/ingest-*/raw", "s3://company/?ngest-blobs/raw",
    ],
)  # fmt: skip
def test_the_services_own_blobs_in_a_bucket_are_kept_out(blobs: str, source: str) -> None:
    allowed = roots("s3://company", blobs=blobs)

    assert allowed.complaint_about(source) == OUTSIDE
    assert allowed.complaint_about("s3://company/ingest-blobs-not/*") == ""
    assert roots("s3a://company", blobs=blobs).complaint_about(source.replace("s3:", "s3a:")) == OUTSIDE


def test_the_services_own_blobs_and_database_are_kept_out_wherever_they_are(tmp_path: Path) -> None:
    for blobs in (f"local://{tmp_path}/blobs", f"file://{tmp_path}/blobs", f"{tmp_path}/blobs"):
        settings = Settings(
            blobs_url=blobs, database_url=f"sqlite:///{tmp_path}/x.db", import_roots=str(tmp_path), data=tmp_path / "d"
        )
        allowed = import_schedules.roots(settings, "proj_1")

        for own in ("blobs", "blobs/raw/ab", "x.db", "x.db-wal", "d/ingest.db"):
            assert allowed.complaint_about(f"{tmp_path}/{own}") == OUTSIDE
        assert allowed.complaint_about(f"{tmp_path}/x.db.txt") == ""


def test_what_is_there_changes_no_complaint_about_steps_upwards(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    allowed = roots(tmp_path / "mine")

    for source in ("there", "not-there"):
        complaint = allowed.complaint_about(f"file://{tmp_path}/mine/%2e%2e/{source}/%2E%2e/mine/x")
        assert "'..'" in complaint


def test_a_glob_that_matches_only_what_is_outside_matches_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "mine" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "secret" / "salaries.txt").write_text("x")

    with pytest.raises(Refused, match="Nothing matches"):
        check(f"{tmp_path}/mine/*/salaries.txt", roots(tmp_path / "mine"))
