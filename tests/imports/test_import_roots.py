"""Import roots: which paths and URLs a scheduled import may read."""

import os
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.errors import Refused
from ingest.imports import schedules
from ingest.imports.import_roots import OUTSIDE_ROOTS, UNRESTRICTED, ImportRoots


def import_roots(setting: object, *kept_out: Path, blobs: str = "/nowhere/blobs") -> ImportRoots:
    return ImportRoots.from_setting(str(setting), "proj_1", kept_out, blobs)


@pytest.mark.parametrize("setting", ["documents", "./documents", "https://docs.example", "/srv,docs", "file://docs"])
def test_an_invalid_import_root_is_refused(setting: str) -> None:
    with pytest.raises(Refused, match="INGEST_IMPORT_ROOTS"):
        import_roots(setting)


def test_an_import_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert import_roots(tmp_path / "link").allows(str(tmp_path / "real" / "a.txt"))
    assert import_roots(tmp_path / "link").allows(str(tmp_path / "link" / "a.txt"))


def test_an_open_file_is_read_even_if_its_name_is_replaced_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("content")
    with import_roots(tmp_path).open_file(str(tmp_path / "a.txt")) as path:
        (tmp_path / "a.txt").unlink()
        (tmp_path / "a.txt").symlink_to("/etc/hostname")

        assert Path(path).read_text() == "content"


def test_files_outside_the_roots_excluded_files_and_pipes_are_not_opened(tmp_path: Path) -> None:
    shared, kept = tmp_path / "shared", tmp_path / "shared" / "kept"
    kept.mkdir(parents=True)
    (kept / "key.txt").write_text("secret")
    (tmp_path / "b.txt").write_text("secret")
    (shared / "link.txt").symlink_to(tmp_path / "b.txt")
    os.mkfifo(shared / "pipe")
    roots = import_roots(shared, kept)

    for path in (tmp_path / "b.txt", shared / "link.txt", kept / "key.txt", shared / "pipe", shared):
        with pytest.raises(OSError, match=r"outside|regular"), roots.open_file(str(path)):
            pass


def test_unrestricted_roots_allow_every_path() -> None:
    assert UNRESTRICTED.rejection_reason("../x") == ""
    with UNRESTRICTED.open_file("/nowhere") as path:
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
def test_addresses_that_overlap_the_blobs_bucket_are_rejected(blobs: str, source: str) -> None:
    roots = import_roots("s3://company", blobs=blobs)

    assert roots.rejection_reason(source) == OUTSIDE_ROOTS
    assert roots.rejection_reason("s3://company/ingest-blobs-not/*") == ""
    assert import_roots("s3a://company", blobs=blobs).rejection_reason(source.replace("s3:", "s3a:")) == OUTSIDE_ROOTS


def test_the_blobs_and_the_database_of_the_service_are_rejected(tmp_path: Path) -> None:
    for blobs in (f"local://{tmp_path}/blobs", f"file://{tmp_path}/blobs", f"{tmp_path}/blobs"):
        settings = Settings(
            blobs_url=blobs, database_url=f"sqlite:///{tmp_path}/x.db", import_roots=str(tmp_path), data=tmp_path / "d"
        )
        roots = schedules.project_import_roots(settings, "proj_1")

        for own in ("blobs", "blobs/raw/ab", "x.db", "x.db-wal", "d/ingest.db"):
            assert roots.rejection_reason(f"{tmp_path}/{own}") == OUTSIDE_ROOTS
        assert roots.rejection_reason(f"{tmp_path}/x.db.txt") == ""


def test_the_rejection_of_parent_steps_does_not_depend_on_what_exists(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    roots = import_roots(tmp_path / "root")

    for source in ("there", "not-there"):
        reason = roots.rejection_reason(f"file://{tmp_path}/root/%2e%2e/{source}/%2E%2e/root/x")
        assert "'..'" in reason
