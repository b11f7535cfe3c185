"""`ingest import` from files of records and other services."""

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Command
from tests.cli.fake_service import FakeService


def test_records_are_imported_once_and_again_when_their_text_changes(
    ingest: Command, service: FakeService, tmp_path: Path
) -> None:
    path = tmp_path / "records.jsonl"
    command = (
        "import", f"jsonl://{path}", "--store", "demo", "--base-url", service.url, "--text-key", "body",
        "--source-attribute", "year", "--source-api-key", "other-key", "--delete-missing",
    )  # fmt: skip
    _write(path, {"id": "a", "body": "One", "year": 2024, "x": 1}, {"id": "b", "body": "Two", "year": 2025})
    first = ingest(*command)
    ids = _ids(service)
    _write(
        path,
        {"id": "c", "body": "Three"},
        {"id": "b", "body": "Two", "year": 2025},
        {"id": "a", "body": "1", "year": 2024},
    )

    second = ingest(*command)
    ids_of_second = _ids(service)
    _write(path, {"id": "c", "body": "Three"})
    third = ingest(*command)

    assert (first.code, second.code, third.code) == (0, 0, 0)
    assert sorted(ids) == ["a.txt", "b.txt"]
    assert service.names_in_store == ["c.txt"]
    assert (ids_of_second["b.txt"] == ids["b.txt"], ids_of_second["a.txt"] == ids["a.txt"]) == (True, False)
    assert service.authorizations == {"Bearer none"}


def test_a_source_that_cannot_be_read_is_refused_before_anything_is_done(ingest: Command, service: FakeService) -> None:
    for source, reason in (
        ("jsonl:///nowhere", "is not a file"), ("openai://vs_1", "INGEST_SOURCE_API_KEY"), ("openai://", "not valid"),
        ("qdrant://host/collection", "expected qdrant://COLLECTION"),
    ):  # fmt: skip
        ended = ingest("import", source, "--store", "demo", "--base-url", service.url)
        assert (ended.code, reason in ended.err) == (2, True), ended.err
    assert service.stores == []


def _write(path: Path, *records: dict[str, Any]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def _ids(service: FakeService) -> dict[str, str]:
    return {name: file_id for file_id, (name, _) in service.uploads.items()}
