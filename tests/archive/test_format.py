"""Documents of archives are strict."""

from typing import Any

import pytest
from pydantic import ValidationError

from ingest.archive.format import FileRecord, VectorSpec, entry_name

RECORD: dict[str, Any] = {
    "source": "file-1", "filename": "a.txt", "purpose": "assistants", "bytes": 1, "sha256": "a" * 64, "attributes": {},
    "chunk_tokens": 800, "chunk_overlap": 400, "status": "completed", "error_code": None, "error_message": None,
    "chunks": 1, "terms": 1, "usage_bytes": 1, "points_sha256": "b" * 64,
}  # fmt: skip


def test_entries_sort_by_file_number() -> None:
    assert entry_name(7, "content") == "files/000000007/content"


def test_a_record_survives_serialization() -> None:
    report = {"reader": "pypdfium2", "warnings": [["page_not_read", "It is a picture.", ""]], "warning_count": 1}
    record = FileRecord.model_validate(RECORD | {"report": report, "warnings": 1})

    assert FileRecord.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"report": {"parts": {"page": {"lost": 1}}}},
        {"warnings": -1},
        {"bytes": "1"},
        {"bytes": -1},
        {"sha256": "A" * 64},
        {"status": "queued"},
    ],
)
def test_a_record_with_unknown_or_invalid_fields_is_rejected(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FileRecord.model_validate(RECORD | change)


def test_vectors_have_at_least_one_dimension() -> None:
    with pytest.raises(ValidationError):
        VectorSpec(model="m", dimensions=0, multivector=False)
