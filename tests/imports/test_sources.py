"""Which files an import takes."""

import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from ingest.errors import Refused
from ingest.imports.patterns import Choice
from ingest.imports.source_files import Failure, Found, printable
from ingest.imports.sources import Walk, find


def test_files_of_all_folders_below_are_found(tmp_path: Path) -> None:
    _write(tmp_path, "b.txt", "a/z.txt", "a/b/c.txt")

    assert _shown(tmp_path) == ["a/b/c.txt", "a/z.txt", "b.txt"]


def test_a_file_is_known_by_its_real_path_size_and_time(tmp_path: Path) -> None:
    _write(tmp_path, "a.txt")
    os.utime(tmp_path / "a.txt", ns=(7, 1_234_567_890_123_456_789))

    (found,) = find([str(tmp_path)], Walk(Choice()))

    assert found == Found(
        address=str(tmp_path / "a.txt"), relative="a.txt", shown="a.txt", name="a.txt", root=str(tmp_path),
        size=5, stamp="1234567890123456789",
    )  # fmt: skip


def test_hidden_files_and_folders_below_an_argument_are_left_out(tmp_path: Path) -> None:
    _write(tmp_path, "seen.txt", ".DS_Store", ".git/config", "sub/.hidden", "sub/seen.txt")

    assert _shown(tmp_path) == ["seen.txt", "sub/seen.txt"]


def test_a_hidden_argument_is_taken_because_it_was_named(tmp_path: Path) -> None:
    _write(tmp_path, ".notes/a.txt", ".b.txt")

    assert _shown(tmp_path / ".notes") == ["a.txt"]
    assert _shown(tmp_path / ".b.txt") == [str(tmp_path / ".b.txt")]


def test_a_file_that_is_reached_on_several_ways_has_one_address(tmp_path: Path) -> None:
    _write(tmp_path, "a.txt", "sub/b.txt")
    (tmp_path / "sub" / "again.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "twin").symlink_to(tmp_path / "sub")

    found = find([str(tmp_path / "a.txt"), str(tmp_path), f"{tmp_path}/sub/../a.txt"], Walk(Choice()))

    assert {each.address for each in found if isinstance(each, Found)} == {
        str(tmp_path / "a.txt"),
        str(tmp_path / "sub/b.txt"),
    }


def test_links_are_followed_and_loops_of_them_end(tmp_path: Path) -> None:
    _write(tmp_path, "outside/a.txt", "inside/b.txt")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "back").symlink_to(tmp_path / "inside")

    assert _shown(tmp_path / "inside") == ["b.txt", "link/a.txt"]


def test_what_cannot_be_read_is_reported_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    os.mkfifo(tmp_path / "pipe")

    found = sorted(find([str(tmp_path)], Walk(Choice())), key=lambda each: each.shown)

    assert found == [
        Failure("dangling", "No such file or directory"),
        Failure("pipe", "Not a regular file"),
        Failure("self", "Too many levels of symbolic links"),
    ]


def test_a_folder_that_vanishes_while_it_is_walked_leaves_the_walk_blind(tmp_path: Path) -> None:
    _write(tmp_path, "a/x.txt", "b/x.txt")
    files = find([str(tmp_path)], Walk(Choice()))
    next(files)
    for each in ("a", "b"):
        (tmp_path / each / "x.txt").unlink()
        (tmp_path / each).rmdir()

    (failure,) = files

    assert isinstance(failure, Failure)
    assert (failure.reason, failure.blind) == ("No such file or directory", True)


def test_names_are_relative_to_the_only_folder_and_as_given_with_several(tmp_path: Path) -> None:
    _write(tmp_path, "one/a.txt", "two/a.txt")

    assert _shown(tmp_path / "one") == ["a.txt"]
    assert _shown(tmp_path / "one", tmp_path / "two") == [str(tmp_path / "one/a.txt"), str(tmp_path / "two/a.txt")]


def test_patterns_are_about_paths_below_the_folder(tmp_path: Path) -> None:
    _write(tmp_path, "a.md", "a.txt", "drafts/a.md", "x/drafts/a.md", "x/a.md")

    assert _shown(tmp_path, choice=Choice(include=["*.md"], exclude=["drafts"])) == ["a.md", "x/a.md"]
    assert _shown(tmp_path, choice=Choice(include=["x/**"])) == ["x/a.md", "x/drafts/a.md"]


def test_a_glob_takes_what_it_matches_and_knows_paths_below_its_fixed_part(tmp_path: Path) -> None:
    _write(tmp_path, "law/2024/a.md", "law/2024/b.txt", "it/2023/c.md")

    found = [each for each in find([f"{tmp_path}/*/*/*.md"], Walk(Choice())) if isinstance(each, Found)]

    assert sorted(each.relative for each in found) == ["it/2023/c.md", "law/2024/a.md"]


def test_a_path_with_the_letters_of_a_glob_that_exists_is_no_glob(tmp_path: Path) -> None:
    _write(tmp_path, "a[1].md", "a1.md")

    assert _shown(tmp_path / "a[1].md") == [str(tmp_path / "a[1].md")]


def test_a_file_url_is_a_path(tmp_path: Path) -> None:
    _write(tmp_path, "a b.txt")

    (found,) = find([f"file://{tmp_path}/a%20b.txt"], Walk(Choice()))

    assert isinstance(found, Found)
    assert found.address == str(tmp_path / "a b.txt")


def test_a_name_that_is_no_text_can_still_be_printed_and_read(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.txt"))).write_text("x")

    (found,) = find([str(tmp_path)], Walk(Choice()))

    assert isinstance(found, Found)
    assert found.shown == found.name == "caf\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.txt"
    assert Path(found.address).read_text() == "x"


def test_ordinary_names_stay_as_they_are() -> None:
    assert printable("Überfahrt [1] – 渡し船.txt") == "Überfahrt [1] – 渡し船.txt"


@pytest.fixture
def bucket() -> Iterator[str]:
    files = fsspec.filesystem("memory")
    for name in ("law/a.md", "law/2024/b.md", "law/.hidden", "it/c.txt"):
        files.pipe(f"/bucket/{name}", b"some text")
    yield "memory://bucket"
    files.rm("/bucket", recursive=True)


def test_a_bucket_is_walked_like_a_folder(bucket: str) -> None:
    found = [each for each in find([bucket], Walk(Choice(exclude=["it"]))) if isinstance(each, Found)]

    assert sorted(each.relative for each in found) == ["law/2024/b.md", "law/a.md"]
    assert {each.size for each in found} == {9}
    assert all(each.stamp for each in found)
    assert {each.root for each in found} == {bucket}


def test_an_object_and_a_glob_of_a_bucket_are_taken(bucket: str) -> None:
    assert _relative(f"{bucket}/it/c.txt") == ["c.txt"]
    assert _relative(f"{bucket}/law/**/*.md") == ["2024/b.md", "a.md"]


def test_a_bucket_that_cannot_be_read_is_a_failure_and_blinds(bucket: str) -> None:
    (failure,) = find([f"{bucket}/nothing"], Walk(Choice()))

    assert isinstance(failure, Failure)
    assert failure.blind


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("gs://bucket/x", "gs:// needs a package that is not installed"),
        ("nonsense://bucket/x", "Protocol not known: nonsense"),
        ("zip://x::https://127.0.0.1/a.zip", "chained addresses are not taken"),
    ],
)
def test_a_protocol_that_cannot_be_used_is_refused_in_one_line(url: str, complaint: str) -> None:
    with pytest.raises(Refused, match=complaint) as refused:
        list(find([url], Walk(Choice())))

    assert "\n" not in str(refused.value)


def test_an_address_on_the_web_is_found_without_looking() -> None:
    (found,) = find(["https://example.org/a%20b.pdf?x=1"], Walk(Choice()))

    assert isinstance(found, Found)
    assert (found.name, found.size, found.stamp) == ("a b.pdf", None, "")


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(Path(name).name)


def _shown(*arguments: Path, choice: Choice | None = None) -> list[str]:
    return sorted(each.shown for each in find([str(each) for each in arguments], Walk(choice or Choice())))


def _relative(url: str) -> list[str]:
    return sorted(each.relative for each in find([url], Walk(Choice())) if isinstance(each, Found))
