"""Archives among the sources of an import: their members are files of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from ingest.imports.import_roots import ImportRoots
from ingest.imports.patterns import PathFilter
from ingest.imports.run import run_import
from ingest.imports.source_files import SourceFile, SourceProblem
from ingest.imports.sources import FolderWalker, list_files
from tests.cli.fake_service import FakeService
from tests.imports.archives.builders import encrypted, tarred, zipped
from tests.imports.scenes import RecordingReporter, make_options


@pytest.fixture
def client(service: FakeService) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=service.url, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file and an archive of three."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    members = {"law/b.txt": b"b", "law/c.pdf": b"c", "../d.txt": b"d", ".hidden": b"h", "__MACOSX/law/b.txt": b"m"}
    (folder / "box.zip").write_bytes(zipped(members))
    return folder


def paths(folder: Path, path_filter: PathFilter | None = None) -> list[str]:
    items = list_files([str(folder)], FolderWalker(path_filter or PathFilter()))
    return sorted(item.display_path for item in items if isinstance(item, SourceFile))


def test_members_have_the_path_of_their_archive_and_their_own(folder: Path) -> None:
    assert paths(folder) == ["a.txt", "box.zip/d.txt", "box.zip/law/b.txt", "box.zip/law/c.pdf"]


def test_a_member_has_an_address_a_name_a_size_and_a_fingerprint(folder: Path) -> None:
    files = list_files([str(folder)], FolderWalker(PathFilter()))

    (member,) = (item for item in files if isinstance(item, SourceFile) and item.upload_name == "b.txt")

    assert member == SourceFile(
        address=f"{folder}/box.zip/law/b.txt", relative_path="box.zip/law/b.txt", display_path="box.zip/law/b.txt",
        upload_name="b.txt", source=str(folder), size=1, fingerprint="71beeff9-1",
    )  # fmt: skip


def test_an_archive_named_as_the_source_is_opened(folder: Path) -> None:
    assert paths(folder / "box.zip") == [f"{folder}/box.zip/{name}" for name in ("d.txt", "law/b.txt", "law/c.pdf")]


def test_patterns_select_members_and_exclude_archives(folder: Path) -> None:
    assert paths(folder, PathFilter(include=["*.pdf"])) == ["box.zip/law/c.pdf"]
    assert paths(folder, PathFilter(exclude=["law"])) == ["a.txt", "box.zip/d.txt"]
    assert paths(folder, PathFilter(exclude=["*.zip"])) == ["a.txt"]


def test_a_file_that_is_only_named_like_an_archive_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("no zip")

    assert paths(tmp_path) == ["a.zip"]


def test_a_damaged_archive_hides_files_and_an_encrypted_member_does_not(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(encrypted(zipped({"s.txt": b"s"})))
    (tmp_path / "b.tgz").write_bytes(tarred({"x": b"x" * 9000})[:-9])

    items = sorted(list_files([str(tmp_path)], FolderWalker(PathFilter())), key=lambda item: item.display_path)

    assert items == [
        SourceProblem("a.zip/s.txt", "The member is encrypted"),
        SourceProblem("b.tgz", "The archive is damaged", hides_files=True),
    ]


def test_an_archive_outside_the_import_roots_is_not_opened(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "link.zip").symlink_to(folder / "box.zip")
    roots = ImportRoots(folders=(str(tmp_path / "allowed"),))

    items = list(list_files([str(tmp_path / "allowed")], FolderWalker(PathFilter(), roots)))

    assert [item.reason for item in items if isinstance(item, SourceProblem)] == [
        "The path is outside the import roots"
    ]
    assert not any(isinstance(item, SourceFile) for item in items)


def test_an_import_uploads_members_once_and_mirrors_their_removal(
    client: openai.OpenAI, service: FakeService, folder: Path, tmp_path: Path
) -> None:
    options = make_options(tmp_path / "journals", folder, delete_missing=True)

    first = run_import(client, options, RecordingReporter())
    os.utime(folder / "box.zip", (1, 1))
    second = run_import(client, options, RecordingReporter())
    (folder / "box.zip").write_bytes(zipped({"law/b.txt": b"b", "law/c.pdf": b"changed"}))
    third = run_import(client, options, RecordingReporter())

    assert first.counts["completed"] == 4
    assert (second.counts["unchanged"], second.counts["completed"]) == (4, 4)
    assert (third.counts["removed"], third.counts["completed"]) == (1, 3)
    assert [upload[0] for upload in service.uploads.values()].count("b.txt") == 1
