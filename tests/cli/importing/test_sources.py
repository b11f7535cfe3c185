"""Which files an import takes."""

import os
from pathlib import Path

from ingest.cli.importing.sources import Failure, Source, find, printable


def test_files_of_all_folders_below_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    _write(tmp_path, "b.txt", "a/z.txt", "a/b/c.txt")

    found = _shown(tmp_path)

    assert found == ["a/b/c.txt", "a/z.txt", "b.txt"]


def test_hidden_files_and_folders_below_an_argument_are_left_out(tmp_path: Path) -> None:
    _write(tmp_path, "seen.txt", ".DS_Store", ".git/config", "sub/.hidden", "sub/seen.txt")

    found = _shown(tmp_path)

    assert found == ["seen.txt", "sub/seen.txt"]


def test_a_hidden_argument_is_taken_because_it_was_named(tmp_path: Path) -> None:
    _write(tmp_path, ".notes/a.txt", ".b.txt")

    assert _shown(tmp_path / ".notes") == ["a.txt"]
    assert _shown(tmp_path / ".b.txt") == [str(tmp_path / ".b.txt")]


def test_a_file_that_is_reached_on_several_ways_is_found_once(tmp_path: Path) -> None:
    _write(tmp_path, "a.txt", "sub/b.txt")
    (tmp_path / "sub" / "again.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "twin").symlink_to(tmp_path / "sub")

    found = [each.shown for each in find([tmp_path / "a.txt", tmp_path, tmp_path / "sub" / ".." / "a.txt"])]

    assert found == [str(tmp_path / "a.txt"), str(tmp_path / "sub/b.txt")]


def test_links_are_followed_and_loops_of_them_end(tmp_path: Path) -> None:
    _write(tmp_path, "outside/a.txt", "inside/b.txt")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "back").symlink_to(tmp_path / "inside")

    found = _shown(tmp_path / "inside")

    assert found == ["b.txt", "link/a.txt"]


def test_what_cannot_be_read_is_reported_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    os.mkfifo(tmp_path / "pipe")

    found = list(find([tmp_path]))

    assert found == [
        Failure("dangling", "No such file or directory"),
        Failure("pipe", "Not a regular file"),
        Failure("self", "Too many levels of symbolic links"),
    ]


def test_names_are_relative_to_the_only_folder_and_as_given_with_several(tmp_path: Path) -> None:
    _write(tmp_path, "one/a.txt", "two/a.txt")

    assert _shown(tmp_path / "one") == ["a.txt"]
    assert _shown(tmp_path / "one", tmp_path / "two") == [str(tmp_path / "one/a.txt"), str(tmp_path / "two/a.txt")]


def test_a_name_that_is_no_text_can_still_be_printed(tmp_path: Path) -> None:
    name = b"caf\xe9\n.txt"
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))).write_text("x")

    (found,) = find([tmp_path])

    assert isinstance(found, Source)
    assert found.shown == "caf\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.txt"
    assert Path(found.path).read_text() == "x"


def test_ordinary_names_stay_as_they_are() -> None:
    assert printable("Überfahrt [1] – 渡し船.txt") == "Überfahrt [1] – 渡し船.txt"


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def _shown(*arguments: Path) -> list[str]:
    return [each.shown for each in find(arguments)]
