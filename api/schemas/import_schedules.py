"""Requests and responses of import schedules, an extension of OpenAI's API (deploy/docs/api/import-schedules.md)."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from api.schemas.parts import Attributes, RequestModel, ResponseModel, Storable
from api.schemas.schedules import Cron, Zone
from ingest.db.models import ImportResult
from ingest.db.models import ImportSchedule as Row
from ingest.errors import Refused
from ingest.imports.patterns import PathAttributes, PathFilter

MAX_ITEMS = 100
"""Maximum length of each list of a schedule: sources, manifests, patterns."""


def _valid_pattern(text: str) -> str:
    return _require_valid(text, lambda: PathFilter([text], [text]).accepts(""))


def _valid_path_pattern(text: str) -> str:
    return _require_valid(text, lambda: PathAttributes([text]))


def _require_valid(text: str, parse: Any) -> str:
    try:
        parse()
    except Refused as exc:
        raise ValueError(str(exc)) from exc
    return text


Source = Annotated[str, Field(min_length=1, max_length=4096), Storable]
Sources = Annotated[list[Source], Field(max_length=MAX_ITEMS)]
Patterns = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200), Storable, AfterValidator(_valid_pattern)]],
    Field(max_length=MAX_ITEMS),
]
PathPatterns = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200), Storable, AfterValidator(_valid_path_pattern)]],
    Field(max_length=MAX_ITEMS),
]


class CreateImportSchedule(RequestModel):
    """What the service imports, and when: a cron expression of five fields, in a time zone. Paths are paths of the server."""

    cron: Cron
    timezone: Zone = "UTC"
    sources: Sources = Field(default_factory=list)
    manifests: Sources = Field(default_factory=list)
    include: Patterns = Field(default_factory=list)
    exclude: Patterns = Field(default_factory=list)
    attributes: Attributes = Field(default_factory=dict)
    attributes_from_path: PathPatterns = Field(default_factory=list)
    delete_missing: bool = False
    retry_failed: bool = False
    paused: bool = False


class UpdateImportSchedule(RequestModel):
    """Changes of a schedule; a field that is left out keeps its value."""

    cron: Cron | None = None
    timezone: Zone | None = None
    sources: Sources | None = None
    manifests: Sources | None = None
    include: Patterns | None = None
    exclude: Patterns | None = None
    attributes: Attributes | None = None
    attributes_from_path: PathPatterns | None = None
    delete_missing: bool | None = None
    retry_failed: bool | None = None
    paused: bool | None = None


IMPORT_FIELDS = (
    *("sources", "manifests", "include", "exclude", "attributes", "attributes_from_path"),
    *("delete_missing", "retry_failed"),
)


class ImportCounts(ResponseModel):
    """Files of the sources by status, and how many files the run uploaded and removed from the store."""

    uploaded: int
    removed: int
    in_progress: int
    completed: int
    failed: int
    cancelled: int
    not_uploaded: int
    total: int


class ImportFailureReason(ResponseModel):
    """A reason why files did not complete, the number of these files, and the first of them."""

    reason: str
    files: int
    first: list[str]


class ImportRun(ResponseModel):
    """The last run. `completed`: every file completed. `incomplete`: some did not, for `reasons`. `failed`: see `error`."""

    id: str
    status: Literal["in_progress"] | ImportResult
    began_at: int
    ended_at: int | None
    counts: ImportCounts
    warnings: int
    """Files that the run completed with warnings."""
    reasons: list[ImportFailureReason]
    error: str | None

    @classmethod
    def from_row(cls, row: Row) -> "ImportRun | None":
        if row.run_id is None or row.began_at is None:
            return None
        counts = dict.fromkeys((*ImportCounts.model_fields, "warnings"), 0) | row.counts
        warnings = counts.pop("warnings")
        return cls(
            id=row.run_id,
            status=row.result or "in_progress",
            began_at=row.began_at,
            ended_at=row.ended_at,
            warnings=warnings,
            counts=ImportCounts(**counts | {"uploaded": row.uploaded, "removed": row.removed}),
            reasons=[ImportFailureReason(**reason) for reason in row.reasons],
            error=row.error,
        )


class ImportSchedule(ResponseModel):
    """A schedule with its next and its last run. `due`: a run starts as soon as a worker process is free."""

    id: str
    object: Literal["vector_store.import_schedule"] = "vector_store.import_schedule"
    created_at: int
    vector_store_id: str
    cron: str
    timezone: str
    sources: list[str]
    manifests: list[str]
    include: list[str]
    exclude: list[str]
    attributes: dict[str, str | bool | int | float]
    attributes_from_path: list[str]
    delete_missing: bool
    retry_failed: bool
    paused: bool
    next_run_at: int | None
    due: bool
    last_run: ImportRun | None

    @classmethod
    def from_row(cls, row: Row) -> "ImportSchedule":
        options = {name: getattr(row, name) for name in IMPORT_FIELDS}
        return cls(
            id=row.id,
            created_at=row.created_at,
            vector_store_id=row.vector_store_id,
            cron=row.cron,
            timezone=row.timezone,
            paused=row.paused,
            next_run_at=row.next_run_at,
            due=row.due_since is not None,
            last_run=ImportRun.from_row(row),
            **options,
        )
