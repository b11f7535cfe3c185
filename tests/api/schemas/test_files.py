"""Files as JSON."""

import pytest
from pydantic import TypeAdapter, ValidationError

from api.schemas.files import File, Purpose
from ingest.db.models import File as Row


def row(**changes: object) -> Row:
    """An uploaded file."""
    fields = {
        "row": 7, "id": "file-1", "project": "proj_1", "filename": "månedsrapport.pdf", "bytes": 12, "purpose": "assistants",
        "blob": "ab" * 32, "created_at": 3, "expires_at": None,
    }  # fmt: skip
    return Row(**fields | changes)


def test_a_file_has_the_fields_of_the_contract_and_no_others() -> None:
    assert File.from_row(row()).model_dump() == {
        "id": "file-1", "object": "file", "bytes": 12, "created_at": 3, "expires_at": None,
        "filename": "månedsrapport.pdf", "purpose": "assistants", "status": "processed", "status_details": None,
    }  # fmt: skip


def test_a_file_that_expires_says_when() -> None:
    assert File.from_row(row(expires_at=3_603)).expires_at == 3_603


def test_a_stored_purpose_that_uploads_do_not_accept_is_answered_as_it_is() -> None:
    assert File.from_row(row(purpose="assistants_output")).purpose == "assistants_output"


@pytest.mark.parametrize("purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"])
def test_the_purposes_of_uploads(purpose: str) -> None:
    assert TypeAdapter(Purpose).validate_python(purpose) == purpose


@pytest.mark.parametrize("purpose", ["", "Assistants", "assistants_output", "fine_tune"])
def test_other_purposes_are_rejected(purpose: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Purpose).validate_python(purpose)
