"""The files that bucket URLs and web URLs name."""

from collections.abc import Iterator

import fsspec
import pytest

from ingest.errors import Refused
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem
from ingest.imports.sources import FolderWalker, list_files


@pytest.fixture
def bucket() -> Iterator[str]:
    files = fsspec.filesystem("memory")
    for name in ("law/a.md", "law/2024/b.md", "law/.hidden", "it/c.txt"):
        files.pipe(f"/bucket/{name}", b"some text")
    yield "memory://bucket"
    files.rm("/bucket", recursive=True)


def test_a_bucket_is_walked_like_a_folder(bucket: str) -> None:
    files = [
        file for file in list_files([bucket], FolderWalker(PathFilter(exclude=["it"]))) if isinstance(file, SourceFile)
    ]

    assert sorted(file.relative_path for file in files) == ["law/2024/b.md", "law/a.md"]
    assert {file.size for file in files} == {9}
    assert all(file.fingerprint for file in files)
    assert {file.source for file in files} == {bucket}


def test_an_object_and_a_glob_of_a_bucket_are_listed(bucket: str) -> None:
    assert _relative_paths(f"{bucket}/it/c.txt") == ["c.txt"]
    assert _relative_paths(f"{bucket}/law/**/*.md") == ["2024/b.md", "a.md"]


def test_a_bucket_that_cannot_be_read_is_a_problem_that_hides_files(bucket: str) -> None:
    (failure,) = list_files([f"{bucket}/nothing"], FolderWalker(PathFilter()))

    assert isinstance(failure, SourceProblem)
    assert failure.hides_files


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("gs://bucket/x", "gs:// needs a package that is not installed"),
        ("nonsense://bucket/x", "Protocol not known: nonsense"),
        ("zip://x::https://127.0.0.1/a.zip", "chained URLs are not allowed"),
    ],
)
def test_a_url_without_a_file_system_is_refused_in_one_line(url: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        list(list_files([url], FolderWalker(PathFilter())))

    assert "\n" not in str(refused.value)


def test_a_web_url_is_listed_without_a_request() -> None:
    (file,) = list_files(["https://example.org/a%20b.pdf?x=1"], FolderWalker(PathFilter()))

    assert isinstance(file, SourceFile)
    assert (file.upload_name, file.size, file.fingerprint) == ("a b.pdf", None, "")


def _relative_paths(url: str) -> list[str]:
    return sorted(
        file.relative_path for file in list_files([url], FolderWalker(PathFilter())) if isinstance(file, SourceFile)
    )
