"""Uploads: what is sent, what is told, what goes wrong."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from ingest.cli.importing.sources import Failure, Source
from ingest.cli.importing.uploads import Uploaded, upload
from tests.cli.fake_service import FakeService

MIB = 2**20


@pytest.fixture
def client(service: FakeService) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=service.url, api_key="none", max_retries=2) as client:
        yield client


def test_a_file_that_vanished_fails_and_the_others_are_uploaded(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    sources = [_source(tmp_path, "a.txt"), _source(tmp_path, "gone.txt"), _source(tmp_path, "b.txt")]
    (tmp_path / "gone.txt").unlink()

    results = _results(client, sources)

    assert Failure("gone.txt", "No such file or directory") in results
    assert service.names == {"a.txt", "b.txt"}


def test_a_large_file_is_never_held_in_memory(client: openai.OpenAI, service: FakeService, tmp_path: Path) -> None:
    source = _source(tmp_path, "large.bin")
    with (tmp_path / "large.bin").open("r+b") as file:
        file.truncate(48 * MIB)
    tracemalloc.start()

    _results(client, [source])

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert service.uploads["file-0"][1] > 48 * MIB
    assert peak < 8 * MIB


def test_bytes_of_a_repeated_upload_are_counted_once(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    source = _source(tmp_path, "a.txt")
    service.unavailable_uploads = 2
    told: list[int] = []

    results = [each for each in upload(client, [source], told.append) if each]

    assert results == [Uploaded("file-0", source)]
    assert sum(told) == source.size
    assert told.count(source.size) == 3


def test_a_refused_upload_fails_with_the_words_of_the_service(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    service.refuse_uploads["a.txt"] = "No room."

    results = _results(client, [_source(tmp_path, "a.txt")])

    assert results == [Failure("a.txt", "No room.")]


def test_a_service_that_went_away_is_told_to_the_caller(client: openai.OpenAI, tmp_path: Path) -> None:
    nobody = client.with_options(base_url="http://127.0.0.1:1/v1", max_retries=0)

    with pytest.raises(openai.APIConnectionError):
        _results(nobody, [_source(tmp_path, "a.txt"), _source(tmp_path, "b.txt")])


def _source(folder: Path, name: str) -> Source:
    (folder / name).write_text(name)
    return Source(str(folder / name), name, len(name))


def _results(client: openai.OpenAI, sources: list[Source]) -> list[Uploaded | Failure]:
    return [each for each in upload(client, sources, lambda _: None) if each]
