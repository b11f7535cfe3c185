"""Schedules of imports: an extension of ours (deploy/openai-compatibility.md)."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from api.schemas.parts import Attributes, Body, Storable, Wire
from api.schemas.schedules import Cron, Zone
from ingest.db.models import ImportResult
from ingest.db.models import ImportSchedule as Row
from ingest.errors import Refused
from ingest.imports.patterns import Choice, PathAttributes

MOST = 100
"""Sources, manifests and patterns, of each."""


def _pattern(text: str) -> str:
    return _understood(text, lambda: Choice([text], [text]).takes(""))


def _path_pattern(text: str) -> str:
    return _understood(text, lambda: PathAttributes([text]))


def _understood(text: str, attempt: Any) -> str:
    try:
        attempt()
    except Refused as exc:
        raise ValueError(str(exc)) from exc
    return text


Source = Annotated[str, Field(min_length=1, max_length=4096), Storable]
Sources = Annotated[list[Source], Field(max_length=MOST)]
Patterns = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200), Storable, AfterValidator(_pattern)]],
    Field(max_length=MOST),
]
PathPatterns = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200), Storable, AfterValidator(_path_pattern)]],
    Field(max_length=MOST),
]


class CreateImportSchedule(Body):
    """What is imported, as the service sees it, and when: a cron expression of five fields, in a time zone."""

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


class UpdateImportSchedule(Body):
    """What of a schedule changes; what is left out stays."""

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


WISH = (
    *("sources", "manifests", "include", "exclude", "attributes", "attributes_from_path"),
    *("delete_missing", "retry_failed"),
)


class ImportCounts(Wire):
    """Files that the sources hold, by how they stand; and how many the run uploaded, and removed from the store."""

    uploaded: int
    removed: int
    in_progress: int
    completed: int
    failed: int
    cancelled: int
    not_uploaded: int
    total: int


class Reason(Wire):
    """Why some files did not complete: how many, and the first of them."""

    reason: str
    files: int
    first: list[str]


class ImportRun(Wire):
    """The last run. Completed: every file is; incomplete: some are not, for `reasons`; failed: because of `error`."""

    id: str
    status: Literal["in_progress"] | ImportResult
    began_at: int
    ended_at: int | None
    counts: ImportCounts
    reasons: list[Reason]
    error: str | None

    @classmethod
    def of(cls, row: Row) -> "ImportRun | None":
        if row.run_id is None or row.began_at is None:
            return None
        counted = dict.fromkeys(ImportCounts.model_fields, 0) | row.counts
        return cls(
            id=row.run_id,
            status=row.result or "in_progress",
            began_at=row.began_at,
            ended_at=row.ended_at,
            counts=ImportCounts(**counted | {"uploaded": row.uploaded, "removed": row.removed}),
            reasons=[Reason(**each) for each in row.reasons],
            error=row.error,
        )


class ImportSchedule(Wire):
    """A schedule, with its next and its last run. `due`: a run is to begin as soon as a process is free."""

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
    def of(cls, row: Row) -> "ImportSchedule":
        wish = {name: getattr(row, name) for name in WISH}
        return cls(
            id=row.id,
            created_at=row.created_at,
            vector_store_id=row.vector_store_id,
            cron=row.cron,
            timezone=row.timezone,
            paused=row.paused,
            next_run_at=row.next_run_at,
            due=row.due_since is not None,
            last_run=ImportRun.of(row),
            **wish,
        )
