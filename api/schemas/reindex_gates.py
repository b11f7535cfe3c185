"""Gates of re-indexes: golden queries in requests, and what came of them in responses (deploy/docs/reindexing.md)."""

from typing import Annotated, Any

from pydantic import Field

from api.schemas.parts import Number, RequestModel, ResponseModel, Storable, Whole
from ingest.db.models import GateState
from ingest.db.models import ReindexGate as Row
from ingest.errors import InvalidRequest
from ingest.limits import MAX_QUERY_CHARACTERS
from ingest.reindex.gate import MAX_QUERIES, GateRequest
from ingest.search.evaluation.golden import MAX_EXPECTED, MAX_GRADE, GoldenQuery, parse_query

Text = Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARACTERS), Storable]


class GoldenExpected(RequestModel):
    """A file by its name or id, a page of it, or a passage that contains a text. All that is given must apply."""

    file: Text | None = None
    page: Whole | None = Field(None, ge=1)
    text: Text | None = None
    grade: Number = Field(1.0, gt=0.0, le=MAX_GRADE)


class GoldenQueryBody(RequestModel):
    """A query and what it should find. A text in `expected` is the name or the id of a file."""

    query: Text
    expected: list[Text | GoldenExpected] = Field(min_length=1, max_length=MAX_EXPECTED)
    filters: dict[str, Any] | None = None


class Gate(RequestModel):
    """Golden queries, and by how much their mean recall may fall. The store cuts over only if it falls by no more."""

    queries: list[GoldenQueryBody] = Field(min_length=1, max_length=MAX_QUERIES)
    tolerance: Number = Field(0.0, ge=0.0, le=1.0)

    def to_request(self) -> GateRequest:
        """Convert the gate. Raises InvalidRequest for a wrong query, with its place."""
        return GateRequest([_parse(number, query) for number, query in enumerate(self.queries)], self.tolerance)


class WorseQuery(ResponseModel):
    """A query whose recall is lower with the new index."""

    query: str
    current: float
    staged: float


class ReindexGate(ResponseModel):
    """A gate and its last verdict.

    `waiting`: queries are still to be evaluated, which begins when all files are ready; `reason` says what delays it.
    `passed`: the store may cut over. `failed`: the store stays with its index, and `reason` says why. `overridden`: the
    store cuts over whatever the queries find.
    """

    state: GateState
    reason: str | None
    tolerance: float
    queries: int
    evaluated_queries: int
    """Queries of the running evaluation that are done."""
    evaluated_at: int | None
    """Unix time of the last verdict; the fields below are null before the first."""
    metric: str | None
    current: float | None
    staged: float | None
    """Mean recall with the current and with the new index."""
    left_out: int | None
    """Queries that did not count, because the store has no file that they expect."""
    better: int | None
    worse: int | None
    sign_test: float | None
    """How likely chance alone makes the split of better and worse queries so uneven."""
    worse_queries: list[WorseQuery]
    missing_files: list[str]

    @classmethod
    def from_row(cls, row: Row) -> "ReindexGate":
        result = row.result or {}
        names = ("metric", "current", "staged", "left_out", "better", "worse", "sign_test")
        return cls(
            state=row.state,
            reason=row.reason,
            tolerance=row.tolerance,
            queries=row.query_count,
            evaluated_queries=len(row.recalls),
            evaluated_at=None if row.evaluated_at is None else int(row.evaluated_at),
            worse_queries=[WorseQuery(**each) for each in result.get("worse_queries", [])],
            missing_files=result.get("missing_files", []),
            **{name: result.get(name) for name in names},
        )


def _parse(number: int, query: GoldenQueryBody) -> GoldenQuery:
    try:
        return parse_query(query.model_dump(exclude_none=True))
    except InvalidRequest as exc:
        raise InvalidRequest(f"'gate.queries[{number}]': {exc}", param=f"gate.queries[{number}]") from exc
