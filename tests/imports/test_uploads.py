"""Uploads: what is sent, what is told, what goes wrong."""

import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import openai
import pytest

from ingest.imports.journal import Entry
from ingest.imports.uploads import NotUploaded, Result, Same, Uploaded, Uploads
from ingest.imports.web import Limits, Web
from tests.cli.fake_service import FakeService

MIB = 2**20


@pytest.fixture
def client(service: FakeService) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=service.url, api_key="none", max_retries=2) as client:
        yield client


def test_a_file_that_vanished_is_told_and_the_others_are_uploaded(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    entries = [_entry(tmp_path, "a.txt"), _entry(tmp_path, "gone.txt"), _entry(tmp_path, "b.txt")]
    (tmp_path / "gone.txt").unlink()

    results = _results(client, entries)

    assert NotUploaded(entries[1], "No such file or directory") in results
    assert service.names == {"a.txt", "b.txt"}


def test_the_hash_is_that_of_what_was_sent(client: openai.OpenAI, service: FakeService, tmp_path: Path) -> None:
    entry = _entry(tmp_path, "a.txt")
    service.unavailable_uploads = 1

    (result,) = _results(client, [entry])

    assert result == Uploaded(entry, "file-0", hashlib.sha256(b"a.txt").hexdigest(), "1")


def test_a_file_whose_content_is_held_is_not_sent(client: openai.OpenAI, service: FakeService, tmp_path: Path) -> None:
    entry = _entry(tmp_path, "a.txt", sha256=hashlib.sha256(b"a.txt").hexdigest(), file_id="file-9")

    (result,) = _results(client, [entry])

    assert result == Same(entry, "1")
    assert service.uploads == {}


def test_a_large_file_is_never_held_in_memory(client: openai.OpenAI, service: FakeService, tmp_path: Path) -> None:
    entry = _entry(tmp_path, "large.bin")
    with (tmp_path / "large.bin").open("r+b") as file:
        file.truncate(48 * MIB)
    tracemalloc.start()

    _results(client, [entry])

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert service.uploads["file-0"][1] > 48 * MIB
    assert peak < 8 * MIB


def test_bytes_of_a_repeated_upload_are_counted_once(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    entry = _entry(tmp_path, "a.txt")
    service.unavailable_uploads = 2
    told: list[int] = []

    _results(client, [entry], told.append)

    assert sum(told) == 5
    assert told.count(5) == 3


def test_a_refused_upload_fails_for_good_with_the_words_of_the_service(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    service.refuse_uploads["a.txt"] = "No room."
    entry = _entry(tmp_path, "a.txt")

    assert _results(client, [entry]) == [NotUploaded(entry, "No room.", for_good=True)]


def test_a_file_that_became_empty_is_not_sent(client: openai.OpenAI, service: FakeService, tmp_path: Path) -> None:
    entry = _entry(tmp_path, "a.txt")
    (tmp_path / "a.txt").write_text("")

    assert _results(client, [entry]) == [NotUploaded(entry, "It is empty")]
    assert service.uploads == {}


def test_a_file_of_a_bucket_is_sent(client: openai.OpenAI, service: FakeService) -> None:
    fsspec.filesystem("memory").pipe("/uploads-test/a.md", b"from afar")
    entry = Entry(1, "memory://uploads-test/a.md", "a.md", "a.md", 9, "1", {}, None, None, "none")

    (result,) = _results(client, [entry])

    assert isinstance(result, Uploaded)
    assert result.sha256 == hashlib.sha256(b"from afar").hexdigest()
    assert service.names == {"a.md"}


def test_a_bucket_whose_file_is_gone_is_no_end(client: openai.OpenAI) -> None:
    entry = Entry(1, "memory://uploads-test/nothing", "a.md", "a.md", 9, "1", {}, None, None, "none")

    (result,) = _results(client, [entry])

    assert isinstance(result, NotUploaded)


def test_a_bucket_that_cannot_be_opened_is_no_end(client: openai.OpenAI) -> None:
    entry = Entry(1, "nothing://x/a.md", "a.md", "a.md", 9, "1", {}, None, None, "none")

    (result,) = _results(client, [entry])

    assert isinstance(result, NotUploaded)


def test_a_file_of_a_bucket_that_is_too_large_is_not_fetched(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    monkeypatch.setattr("ingest.imports.remote.fetch", lambda url, _path: fetched.append(url))
    entry = Entry(1, "memory://uploads-test/large", "a.md", "a.md", 1_001, "1", {}, None, None, "none")

    assert _results(client, [entry], most_bytes=1_000) == [NotUploaded(entry, "Larger than 1,000 bytes")]
    assert fetched == []


def test_a_service_that_went_away_is_told_to_the_caller(client: openai.OpenAI, tmp_path: Path) -> None:
    nobody = client.with_options(base_url="http://127.0.0.1:1/v1", max_retries=0)

    with pytest.raises(openai.APIConnectionError):
        _results(nobody, [_entry(tmp_path, "a.txt"), _entry(tmp_path, "b.txt")])


def _entry(folder: Path, name: str, *, sha256: str | None = None, file_id: str | None = None) -> Entry:
    (folder / name).write_text(name)
    return Entry(1, str(folder / name), name, name, len(name), "1", {}, sha256, file_id, "none")


def _results(
    client: openai.OpenAI,
    entries: list[Entry],
    sent: Callable[[int], None] = lambda _: None,
    *,
    most_bytes: int | None = None,
) -> list[Result]:
    uploads = Uploads(client, Web(Limits()), sent, most_bytes=most_bytes)
    for entry in entries:
        assert uploads.give(entry)
    results: list[Result] = []
    try:
        while uploads.under_way:
            results += uploads.results()
    finally:
        list(uploads.stop())
    return results
