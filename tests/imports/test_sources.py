"""The files that sources name on this machine."""

import os
from pathlib import Path

from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem
from ingest.imports.sources import FolderWalker, list_files


def test_files_of_all_folders_below_a_source_are_listed(tmp_path: Path) -> None:
    _write(tmp_path, "b.txt", "a/z.txt", "a/b/c.txt")

    assert _display_paths(tmp_path) == ["a/b/c.txt", "a/z.txt", "b.txt"]


def test_a_file_is_identified_by_its_real_path_size_and_modification_time(tmp_path: Path) -> None:
    _write(tmp_path, "a.txt")
    os.utime(tmp_path / "a.txt", ns=(7, 1_234_567_890_123_456_789))

    (file,) = list_files([str(tmp_path)], FolderWalker(PathFilter()))

    assert file == SourceFile(
        address=str(tmp_path / "a.txt"), relative_path="a.txt", display_path="a.txt", upload_name="a.txt", source=str(tmp_path),
        size=5, fingerprint="1234567890123456789",
    )  # fmt: skip


def test_hidden_files_and_folders_below_a_source_are_skipped(tmp_path: Path) -> None:
    _write(tmp_path, "seen.txt", ".DS_Store", ".git/config", "sub/.hidden", "sub/seen.txt")

    assert _display_paths(tmp_path) == ["seen.txt", "sub/seen.txt"]


def test_a_source_that_is_hidden_itself_is_listed(tmp_path: Path) -> None:
    _write(tmp_path, ".notes/a.txt", ".b.txt")

    assert _display_paths(tmp_path / ".notes") == ["a.txt"]
    assert _display_paths(tmp_path / ".b.txt") == [str(tmp_path / ".b.txt")]


def test_a_file_reached_by_several_paths_has_one_address(tmp_path: Path) -> None:
    _write(tmp_path, "a.txt", "sub/b.txt")
    (tmp_path / "sub" / "again.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "twin").symlink_to(tmp_path / "sub")

    files = list_files([str(tmp_path / "a.txt"), str(tmp_path), f"{tmp_path}/sub/../a.txt"], FolderWalker(PathFilter()))

    assert {file.address for file in files if isinstance(file, SourceFile)} == {
        str(tmp_path / "a.txt"),
        str(tmp_path / "sub/b.txt"),
    }


def test_links_are_followed_and_loops_of_links_end(tmp_path: Path) -> None:
    _write(tmp_path, "outside/a.txt", "inside/b.txt")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "back").symlink_to(tmp_path / "inside")

    assert _display_paths(tmp_path / "inside") == ["b.txt", "link/a.txt"]


def test_unreadable_files_are_problems_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    os.mkfifo(tmp_path / "pipe")

    files = sorted(list_files([str(tmp_path)], FolderWalker(PathFilter())), key=lambda file: file.display_path)

    assert files == [
        SourceProblem("dangling", "No such file or directory"),
        SourceProblem("pipe", "Not a regular file"),
        SourceProblem("self", "Too many levels of symbolic links"),
    ]


def test_a_folder_that_vanishes_during_the_walk_hides_files(tmp_path: Path) -> None:
    _write(tmp_path, "a/x.txt", "b/x.txt")
    files = list_files([str(tmp_path)], FolderWalker(PathFilter()))
    next(files)
    for name in ("a", "b"):
        (tmp_path / name / "x.txt").unlink()
        (tmp_path / name).rmdir()

    (failure,) = files

    assert isinstance(failure, SourceProblem)
    assert (failure.reason, failure.hides_files) == ("No such file or directory", True)


def test_display_paths_are_relative_to_a_single_source_and_absolute_with_several(tmp_path: Path) -> None:
    _write(tmp_path, "one/a.txt", "two/a.txt")

    assert _display_paths(tmp_path / "one") == ["a.txt"]
    assert _display_paths(tmp_path / "one", tmp_path / "two") == [
        str(tmp_path / "one/a.txt"),
        str(tmp_path / "two/a.txt"),
    ]


def test_patterns_match_paths_relative_to_the_source(tmp_path: Path) -> None:
    _write(tmp_path, "a.md", "a.txt", "drafts/a.md", "x/drafts/a.md", "x/a.md")

    assert _display_paths(tmp_path, path_filter=PathFilter(include=["*.md"], exclude=["drafts"])) == ["a.md", "x/a.md"]
    assert _display_paths(tmp_path, path_filter=PathFilter(include=["x/**"])) == ["x/a.md", "x/drafts/a.md"]


def test_paths_of_a_glob_are_relative_to_its_base(tmp_path: Path) -> None:
    _write(tmp_path, "law/2024/a.md", "law/2024/b.txt", "it/2023/c.md")

    files = [
        file
        for file in list_files([f"{tmp_path}/*/*/*.md"], FolderWalker(PathFilter()))
        if isinstance(file, SourceFile)
    ]

    assert sorted(file.relative_path for file in files) == ["it/2023/c.md", "law/2024/a.md"]


def test_an_existing_path_with_wildcard_characters_is_not_a_glob(tmp_path: Path) -> None:
    _write(tmp_path, "a[1].md", "a1.md")

    assert _display_paths(tmp_path / "a[1].md") == [str(tmp_path / "a[1].md")]


def test_a_file_url_is_decoded_to_a_path(tmp_path: Path) -> None:
    _write(tmp_path, "a b.txt")

    (file,) = list_files([f"file://{tmp_path}/a%20b.txt"], FolderWalker(PathFilter()))

    assert isinstance(file, SourceFile)
    assert file.address == str(tmp_path / "a b.txt")


def test_a_file_name_that_is_not_text_is_printable_and_readable(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.txt"))).write_text("x")

    (file,) = list_files([str(tmp_path)], FolderWalker(PathFilter()))

    assert isinstance(file, SourceFile)
    assert file.display_path == file.upload_name == "caf\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.txt"
    assert Path(file.address).read_text() == "x"


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(Path(name).name)


def _display_paths(*arguments: Path, path_filter: PathFilter | None = None) -> list[str]:
    return sorted(
        file.display_path
        for file in list_files([str(path) for path in arguments], FolderWalker(path_filter or PathFilter()))
    )
