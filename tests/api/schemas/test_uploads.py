"""Uploads as JSON, and the limits of their requests."""

from typing import Any

import pytest
from pydantic import ValidationError

from api.schemas.uploads import CompleteUpload, CreateUpload, Upload
from ingest.db.models import File, UploadStatus
from ingest.db.models import Upload as Row
from ingest.stores.uploads import MAX_UPLOAD_BYTES, UploadView

BODY: dict[str, Any] = {"bytes": 1, "filename": "a.txt", "mime_type": "text/plain", "purpose": "assistants"}


@pytest.mark.parametrize("change", [{"bytes": -1}, {"bytes": MAX_UPLOAD_BYTES + 1}, {"filename": ""}, {"purpose": "x"}])
def test_an_upload_out_of_range_is_rejected(change: dict[str, Any]) -> None:
    CreateUpload.model_validate(BODY)
    with pytest.raises(ValidationError):
        CreateUpload.model_validate(BODY | change)


def test_an_md5_has_32_hexadecimal_digits() -> None:
    assert CompleteUpload(part_ids=[], md5="A" * 32).md5 == "A" * 32
    with pytest.raises(ValidationError):
        CompleteUpload(part_ids=[], md5="g" * 32)


@pytest.mark.parametrize("status", ["pending", "completed"])
def test_only_a_completed_upload_has_a_file(status: UploadStatus) -> None:
    row = Row(
        id="upload_1", bytes=1, created_at=1, expires_at=2, filename="a.txt", purpose="assistants", status=status
    )  # fmt: skip
    file = File(id="file-1", bytes=1, created_at=1, expires_at=None, filename="a.txt", purpose="assistants")

    upload = Upload.from_view(UploadView(row, file if status == "completed" else None))

    assert (upload.file is not None) == (status == "completed")
