"""A batch has files by id or files with their own options, and not both."""

import pytest
from pydantic import ValidationError

from api.schemas.file_batches import CreateFileBatch


@pytest.mark.parametrize("body", [{"file_ids": ["file-1"]}, {"files": [{"file_id": "file-1"}], "file_ids": None}])
def test_one_kind_of_files_is_accepted(body: dict[str, object]) -> None:
    CreateFileBatch.model_validate(body)


@pytest.mark.parametrize(
    ("body", "param"), [({}, "file_ids"), ({"file_ids": ["a"], "files": [{"file_id": "a"}]}, "files")]
)
def test_no_files_and_both_kinds_are_rejected(body: dict[str, object], param: str) -> None:
    with pytest.raises(ValidationError) as failure:
        CreateFileBatch.model_validate(body)

    assert failure.value.errors()[0]["ctx"] == {"param": param}
