"""Dify's external knowledge API: POST /retrieval (docs.dify.ai, "External Knowledge API").

The endpoint in Dify is the URL of this service without `/v1`, the key one with the scope `read`, and the knowledge id the
id of a vector store. The interface has no answer for a part of a condition, so one that filters cannot express is refused.
"""

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import deps
from api.json_bodies.route import JsonRoute
from api.schemas.search import Query
from ingest.caller import Caller
from ingest.errors import InvalidRequest, NotFound, RequestError
from ingest.search.options import SearchOptions
from ingest.search.passages import SearchResult
from ingest.search.search import search_store
from ingest.services import Services
from ingest.steps import filters

MAX_RESULTS = 50

UNKNOWN_KNOWLEDGE = 2001
"""Dify's code for a knowledge base that does not exist."""

_OPERATORS = {
    "contains": "contains",
    "start with": "starts_with",
    "is": "eq",
    "is not": "ne",
    "in": "in",
    "not in": "nin",
    "=": "eq",
    "≠": "ne",
    ">": "gt",
    "<": "lt",
    "≥": "gte",
    "≤": "lte",
    "before": "lt",
    "after": "gt",
}
"""Filter types by Dify's comparison operators. `before` and `after` compare dates as texts, or times as numbers."""

router = APIRouter(tags=["Gateways"], route_class=JsonRoute)


class RetrievalSetting(BaseModel):
    """How many passages, and how good at least."""

    top_k: int = Field(ge=1)
    score_threshold: float = Field(0.0, ge=0.0, le=1.0)


class Condition(BaseModel):
    """A comparison of an attribute."""

    name: str | list[str]
    comparison_operator: str
    value: Any = None


class MetadataCondition(BaseModel):
    """Comparisons, all or one of which must hold."""

    logical_operator: Literal["and", "or"] | None = "and"
    conditions: list[Condition] = []


class Retrieval(BaseModel):
    """A search. Dify may send more fields, which are ignored."""

    knowledge_id: str
    query: Query
    retrieval_setting: RetrievalSetting
    metadata_condition: MetadataCondition | None = None


class Record(BaseModel):
    """A passage."""

    content: str
    score: float
    title: str
    metadata: dict[str, Any]


class Records(BaseModel):
    """The passages, best first."""

    records: list[Record]


@router.post("/retrieval", response_model=Records)
def retrieve(services: deps.ServicesDep, caller: deps.CallerDep, body: Retrieval) -> Records | JSONResponse:
    """Search a vector store for Dify."""
    try:
        return Records(records=[_record(result) for result in _search(services, caller, body)])
    except RequestError as exc:
        code = UNKNOWN_KNOWLEDGE if isinstance(exc, NotFound) else exc.http_status
        return JSONResponse({"error_code": code, "error_msg": str(exc)}, exc.http_status)


def _search(services: Services, caller: Caller, body: Retrieval) -> list[SearchResult]:
    setting = body.retrieval_setting
    options = SearchOptions(
        limit=min(setting.top_k, MAX_RESULTS),
        score_threshold=setting.score_threshold,
        filters=_to_filter(body.metadata_condition),
    )
    return list(search_store(services, caller, body.knowledge_id, [body.query], options).results)


def _to_filter(condition: MetadataCondition | None) -> filters.Filter | None:
    if condition is None or not condition.conditions:
        return None
    comparisons = [_to_comparison(each) for each in condition.conditions]
    return filters.parse_filter({"type": condition.logical_operator or "and", "filters": comparisons})


def _to_comparison(condition: Condition) -> dict[str, Any]:
    operator = _OPERATORS.get(condition.comparison_operator)
    if operator is None:
        known = ", ".join(_OPERATORS)
        raise InvalidRequest(
            f"The operator '{condition.comparison_operator}' is not supported. Supported are: {known}."
        )
    names = [condition.name] if isinstance(condition.name, str) else condition.name
    comparisons = [{"type": operator, "key": name, "value": condition.value} for name in names]
    return comparisons[0] if len(comparisons) == 1 else {"type": "or", "filters": comparisons}


def _record(result: SearchResult) -> Record:
    metadata = result.attributes | {"file_id": result.file_id, "filename": result.filename}
    if pages := result.location.get("pages"):
        metadata["page"] = pages[0]
    return Record(content=result.text, score=result.score, title=result.filename, metadata=metadata)
