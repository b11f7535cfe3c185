"""Files of a store, their passages and structure as JSON, and the bodies that attach and change them."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from api.schemas.parts import StaticStrategy
from api.schemas.store_files import (
    AttachFile,
    ContentPage,
    Location,
    Passage,
    Structure,
    UpdateAttributes,
    VectorStoreFile,
)
from ingest.db.content.members import FileView, QueuePlace
from ingest.steps.parse import ParsedText
from ingest.steps.parse.parsed import Heading, Section

COMPLETED = FileView(
    row=7,
    file_id="file-1",
    filename="a.pdf",
    vector_store_id="vs_1",
    created_at=3,
    status="completed",
    usage_bytes=9,
    attributes={"year": 2024, "draft": False},
    chunk_tokens=800,
    chunk_overlap=400,
    error_code=None,
    error_message=None,
    warnings=2,
    queue=QueuePlace("completed", "fast", batch=None, queued_at=1.0, not_before=0.0, lease=None),
)


def test_a_file_of_a_store_has_the_id_of_the_uploaded_file() -> None:
    assert VectorStoreFile.from_view(COMPLETED).model_dump() == {
        "id": "file-1",
        "object": "vector_store.file",
        "usage_bytes": 9,
        "created_at": 3,
        "vector_store_id": "vs_1",
        "status": "completed",
        "last_error": None,
        "chunking_strategy": {
            "type": "static",
            "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
        },
        "attributes": {"year": 2024, "draft": False},
        "filename": "a.pdf",
        "warnings": 2,
        "waiting_for": None,
        "waiting_details": None,
    }


@pytest.mark.parametrize(
    ("message", "shown"), [("The file contains no text.", "The file contains no text."), (None, "")]
)
def test_a_failed_file_says_why(message: str | None, shown: str) -> None:
    failed = replace(COMPLETED, status="failed", error_code="invalid_file", error_message=message)

    file = VectorStoreFile.from_view(failed)

    assert file.status == "failed"
    assert file.last_error is not None
    assert file.last_error.model_dump() == {"code": "invalid_file", "message": shown}


def test_an_error_code_outside_the_contract_is_not_answered() -> None:
    with pytest.raises(ValidationError):
        VectorStoreFile.from_view(replace(COMPLETED, status="failed", error_code="unheard_of"))


def test_the_structure_has_the_sections_and_headings_of_the_text() -> None:
    parsed = ParsedText(
        "Scope\n\nText", "pdf", sections=(Section("page", 1, "i", 0, 11),), headings=(Heading(0, 2, "Scope"),)
    )

    assert Structure.from_parsed(parsed).model_dump() == {
        "sections": [{"kind": "page", "number": 1, "name": "i", "start": 0, "end": 11}],
        "headings": [{"start": 0, "level": 2, "title": "Scope"}],
    }


def test_the_content_is_one_page() -> None:
    page = ContentPage(data=[Passage(text="All of it")], structure=Structure(sections=[], headings=[]))

    assert page.model_dump() == {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": "All of it"}],
        "structure": {"sections": [], "headings": []},
        "has_more": False,
        "next_page": None,
    }


def test_the_keys_of_a_location_that_do_not_apply_are_null() -> None:
    location = Location(pages=[2, 3], content_hash="ab", generation=1).model_dump()

    assert {key: value for key, value in location.items() if value is not None} == {
        "pages": [2, 3],
        "content_hash": "ab",
        "generation": 1,
    }
    assert location.keys() >= {"start", "end", "header", "slides", "sheet", "rows", "chapter", "message", "attachments"}


def test_a_file_is_attached_with_its_own_attributes_and_chunk_sizes() -> None:
    sizes = {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}
    body = AttachFile.model_validate(
        {"file_id": "file-1", "attributes": {"a": 1}, "chunking_strategy": {"type": "static", "static": sizes}}
    )

    assert (body.file_id, body.attributes) == ("file-1", {"a": 1})
    assert isinstance(body.chunking_strategy, StaticStrategy)
    assert body.chunking_strategy.static.model_dump() == sizes
    assert AttachFile.model_validate({"file_id": "file-1"}).chunking_strategy is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"file_id": 1},
        {"file_id": "file-1", "unknown": 1},
        {"file_id": "file-1", "attributes": {"a": None}},
        {"file_id": "file-1", "chunking_strategy": {"type": "other"}},
    ],
)
def test_a_wrong_body_is_rejected(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AttachFile.model_validate(body)


def test_null_clears_the_attributes_and_leaving_them_out_is_an_error() -> None:
    assert UpdateAttributes.model_validate({"attributes": None}).attributes is None
    with pytest.raises(ValidationError):
        UpdateAttributes.model_validate({})
