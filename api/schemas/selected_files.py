"""Requests and responses that delete or change the files which a filter selects, extensions of OpenAI's API."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from api.schemas.parts import Attributes, Id, Name, RequestModel, ResponseModel
from ingest.limits import MAX_ATTRIBUTES
from ingest.stores.selected_files import AttributeChanges, Selection


class SelectFiles(RequestModel):
    """Which files of a store: those that match `filters`, of which a search takes the same.

    Nothing is changed unless `dry_run` is false. `after` is the `last_id` of an answer with `has_more`.
    """

    filters: dict[str, Any]
    dry_run: bool = True
    after: Id | None = None


class UpdateSelectedFiles(SelectFiles):
    """Body of POST /vector_stores/{id}/files/attributes: attributes to set, and names of attributes to remove."""

    set: Attributes = Field(default={})
    unset: Annotated[list[Name], Field(max_length=MAX_ATTRIBUTES)] = Field(default=[])

    def changes(self) -> AttributeChanges:
        return AttributeChanges(self.set, self.unset)

    @model_validator(mode="after")
    def _require_a_change(self) -> "UpdateSelectedFiles":
        if not self.set and not self.unset:
            raise ValueError("at least one of set and unset must not be empty")
        return self


class SelectedFiles(ResponseModel):
    """What one request found and did. If `has_more`, the same request with `after` = `last_id` goes on."""

    object: Literal["vector_store.selected_files"] = "vector_store.selected_files"
    vector_store_id: str
    dry_run: bool
    matched: int
    changed: int
    """Files that were deleted, or got other attributes; 0 in a dry run."""
    file_ids: list[str]
    """The first matched files, at most 10."""
    skipped: int
    """Files that would have more than 16 attributes, and stay as they are."""
    skipped_file_ids: list[str]
    has_more: bool
    last_id: str | None

    @classmethod
    def from_selection(cls, vector_store_id: str, dry_run: bool, selection: Selection) -> "SelectedFiles":
        return cls(vector_store_id=vector_store_id, dry_run=dry_run, **vars(selection))
