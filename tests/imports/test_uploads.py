"""Uploads: requests, byte counts and failures."""

import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import openai
import pytest

from ingest.imports.journal import JournalEntry
from ingest.imports.uploads import Unchanged, Uploaded, UploadFailed, UploadPool, UploadResult
from ingest.imports.web import DownloadLimits, WebDownloader
from tests.cli.fake_service import FakeService

MIB = 2**20


@pytest.fixture
def client(service: FakeService) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=service.url, api_key="none", max_retries=2) as client:
        yield client


def test_a_vanished_file_fails_and_the_others_are_uploaded(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    entries = [_entry(tmp_path, "a.txt"), _entry(tmp_path, "gone.txt"), _entry(tmp_path, "b.txt")]
    (tmp_path / "gone.txt").unlink()

    results = _results(client, entries)

    assert UploadFailed(entries[1], "No such file or directory") in results
    assert service.uploaded_names == {"a.txt", "b.txt"}


def test_the_hash_is_that_of_the_sent_content(client: openai.OpenAI, service: FakeService, tmp_path: Path) -> None:
    entry = _entry(tmp_path, "a.txt")
    service.unavailable_uploads = 1

    (result,) = _results(client, [entry])

    assert result == Uploaded(entry, "file-0", hashlib.sha256(b"a.txt").hexdigest(), "1")


def test_a_file_with_known_content_is_not_uploaded(client: openai.OpenAI, service: FakeService, tmp_path: Path) -> None:
    entry = _entry(tmp_path, "a.txt", sha256=hashlib.sha256(b"a.txt").hexdigest(), file_id="file-9")

    (result,) = _results(client, [entry])

    assert result == Unchanged(entry, "1")
    assert service.uploads == {}


def test_a_large_file_is_streamed(client: openai.OpenAI, service: FakeService, tmp_path: Path) -> None:
    entry = _entry(tmp_path, "large.bin")
    with (tmp_path / "large.bin").open("r+b") as file:
        file.truncate(48 * MIB)
    tracemalloc.start()

    _results(client, [entry])

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert service.uploads["file-0"][1] > 48 * MIB
    assert peak < 8 * MIB


def test_bytes_of_a_retried_upload_are_counted_once(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    entry = _entry(tmp_path, "a.txt")
    service.unavailable_uploads = 2
    counted: list[int] = []

    _results(client, [entry], counted.append)

    assert sum(counted) == 5
    assert counted.count(5) == 3


def test_a_refused_upload_is_a_permanent_failure_with_the_message_of_the_service(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    service.refuse_uploads["a.txt"] = "No room."
    entry = _entry(tmp_path, "a.txt")

    assert _results(client, [entry]) == [UploadFailed(entry, "No room.", is_permanent=True)]


def test_a_file_that_became_empty_is_not_uploaded(client: openai.OpenAI, service: FakeService, tmp_path: Path) -> None:
    entry = _entry(tmp_path, "a.txt")
    (tmp_path / "a.txt").write_text("")

    assert _results(client, [entry]) == [UploadFailed(entry, "The file is empty")]
    assert service.uploads == {}


def test_an_object_of_a_bucket_is_uploaded(client: openai.OpenAI, service: FakeService) -> None:
    fsspec.filesystem("memory").pipe("/uploads-test/a.md", b"from afar")
    entry = JournalEntry(1, "memory://uploads-test/a.md", "a.md", "a.md", 9, "1", {}, None, None, "none")

    (result,) = _results(client, [entry])

    assert isinstance(result, Uploaded)
    assert result.sha256 == hashlib.sha256(b"from afar").hexdigest()
    assert service.uploaded_names == {"a.md"}


def test_a_missing_object_fails_no_other_file(client: openai.OpenAI) -> None:
    entry = JournalEntry(1, "memory://uploads-test/nothing", "a.md", "a.md", 9, "1", {}, None, None, "none")

    (result,) = _results(client, [entry])

    assert isinstance(result, UploadFailed)


def test_an_object_of_an_unknown_file_system_fails_no_other_file(client: openai.OpenAI) -> None:
    entry = JournalEntry(1, "nothing://x/a.md", "a.md", "a.md", 9, "1", {}, None, None, "none")

    (result,) = _results(client, [entry])

    assert isinstance(result, UploadFailed)


def test_an_object_above_the_size_limit_is_not_downloaded(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloaded: list[str] = []
    monkeypatch.setattr("ingest.imports.remote.download", lambda url, _path: downloaded.append(url))
    entry = JournalEntry(1, "memory://uploads-test/large", "a.md", "a.md", 1_001, "1", {}, None, None, "none")

    assert _results(client, [entry], max_bytes=1_000) == [UploadFailed(entry, "Larger than 1,000 bytes")]
    assert downloaded == []


def test_a_service_that_does_not_answer_raises_in_the_caller(client: openai.OpenAI, tmp_path: Path) -> None:
    unreachable = client.with_options(base_url="http://127.0.0.1:1/v1", max_retries=0)

    with pytest.raises(openai.APIConnectionError):
        _results(unreachable, [_entry(tmp_path, "a.txt"), _entry(tmp_path, "b.txt")])


def _entry(folder: Path, name: str, *, sha256: str | None = None, file_id: str | None = None) -> JournalEntry:
    (folder / name).write_text(name)
    return JournalEntry(1, str(folder / name), name, name, len(name), "1", {}, sha256, file_id, "none")


def _results(
    client: openai.OpenAI,
    entries: list[JournalEntry],
    count_bytes: Callable[[int], None] = lambda _: None,
    *,
    max_bytes: int | None = None,
) -> list[UploadResult]:
    uploads = UploadPool(client, WebDownloader(DownloadLimits()), count_bytes, max_bytes=max_bytes)
    for entry in entries:
        assert uploads.submit(entry)
    results: list[UploadResult] = []
    try:
        while uploads.in_flight:
            results += uploads.results()
    finally:
        list(uploads.stop())
    return results
