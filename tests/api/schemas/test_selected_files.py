"""Requests that change the files which a filter selects."""

import pytest
from pydantic import ValidationError

from api.schemas.selected_files import SelectedFiles, SelectFiles, UpdateSelectedFiles
from ingest.stores.selected_files import AttributeChanges, Selection

FILTERS = {"type": "eq", "key": "a", "value": 1}


def test_requests_are_dry_runs_by_default() -> None:
    assert SelectFiles(filters=FILTERS).dry_run
    assert UpdateSelectedFiles(filters=FILTERS, unset=["a"]).dry_run


def test_the_changes_of_a_request() -> None:
    body = UpdateSelectedFiles(filters=FILTERS, set={"a": 1}, unset=["b"])

    assert body.changes() == AttributeChanges(set={"a": 1}, unset=["b"])


def test_a_request_without_a_change_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one of set and unset"):
        UpdateSelectedFiles(filters=FILTERS)


def test_an_answer_has_the_fields_of_the_selection() -> None:
    answer = SelectedFiles.from_selection("vs_1", True, Selection(matched=3, file_ids=["file-1"], last_id="file-9"))

    assert (answer.vector_store_id, answer.dry_run, answer.matched, answer.changed) == ("vs_1", True, 3, 0)
    assert (answer.file_ids, answer.has_more, answer.last_id) == (["file-1"], False, "file-9")
