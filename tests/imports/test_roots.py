"""What a scheduled import may read. (Refused sources: tests/imports/test_schedules.py.)"""

import glob
import os
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.errors import Refused
from ingest.imports import schedules
from ingest.imports.globs import matches
from ingest.imports.patterns import Choice
from ingest.imports.roots import ANYWHERE, OUTSIDE, Roots
from ingest.imports.sources import Walk, check, find


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
        allowed = schedules.roots(settings, "proj_1")

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


class Swapped(Roots):
    """Somebody exchanges a folder for a link that leads out as soon as it was looked at, and back before what is in it
    is."""

    def holds(self, path: str) -> bool:
        if os.path.basename(path) == "key.txt":
            self._swap()
        return super().holds(path)

    def _holds(self, real: str) -> bool:
        held = super()._holds(real)
        if os.path.basename(real) == "sub":
            self._swap()
        return held

    def _swap(self) -> None:
        mine = Path(self.folders[0])
        now, then = ("link", "true") if (mine / "sub").is_symlink() else ("true", "link")
        (mine / "sub").rename(mine.parent / now)
        (mine.parent / then).rename(mine / "sub")


@pytest.fixture
def swapped(tmp_path: Path) -> Path:
    """A folder that may be read with `sub` in it, and beside it a link to another that may not."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "mine" / "sub").mkdir(parents=True)
    (tmp_path / "mine" / "sub" / "a.txt").write_text("mine")
    return tmp_path / "mine"


def told(mine: Path, source: str) -> set[str]:
    """The names of what an import of a source takes, or tells of."""
    return {os.path.basename(each.shown) for each in find([source], Walk(Choice(), Swapped(folders=(str(mine),))))}


def test_a_folder_that_becomes_a_link_while_it_is_looked_at_tells_no_names_of_where_it_leads(swapped: Path) -> None:
    assert told(swapped, str(swapped)) == {"a.txt"}


@pytest.mark.parametrize("pattern", ["*/*", "**", "**/*.txt", "s?b/*"])
@pytest.mark.parametrize("link_first", [False, True])
def test_a_glob_tells_no_names_of_where_a_folder_leads_that_becomes_a_link_or_was_one(
    swapped: Path, pattern: str, link_first: bool
) -> None:
    if link_first:
        (swapped / "sub").rename(swapped.parent / "true")
        (swapped.parent / "link").rename(swapped / "sub")

    assert "key.txt" not in told(swapped, f"{swapped}/{pattern}")


@pytest.mark.parametrize(
    "pattern",
    [
        "*", "*.txt", "**", "**/*", "**/*.txt", "*/*.txt", "a/**", "a/**/c.txt", "a/b*/[cd].txt", ".*", ".*/*", "*/", "a/*/",
        "**/b/*", "?.txt", "nowhere/*", "*/nowhere", "**/**", "a/*/../*.txt",
    ],
)  # fmt: skip
def test_a_glob_below_a_root_matches_what_a_glob_matches(tmp_path: Path, pattern: str) -> None:
    for name in ("r.txt", "a/x.txt", "a/b/c.txt", "a/b/d.txt", "a/b2/c.txt", ".hidden/y.txt", "a/.z.txt", "e/[f].txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "twin").symlink_to(tmp_path / "a")

    found = list(matches(f"{tmp_path}/{pattern}", roots(tmp_path)))

    plain = {os.path.normpath(each) for each in glob.iglob(f"{tmp_path}/{pattern}", recursive=True)}
    assert {os.path.normpath(each) for each in found} == plain


def test_links_round_in_circles_end_a_glob(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_text("x")
    for name in ("one", "two", "three"):
        (tmp_path / "a" / name).symlink_to(tmp_path)

    found = list(matches(f"{tmp_path}/**/*.txt", roots(tmp_path)))

    assert f"{tmp_path}/a/x.txt" in found
    assert len(found) < 10
