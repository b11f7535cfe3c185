"""Gates in requests and responses."""

import pytest
from pydantic import ValidationError

from api.schemas.reindex_gates import Gate, ReindexGate
from ingest.db.models import ReindexGate as Row
from ingest.errors import InvalidRequest
from ingest.search.evaluation.golden import Expected, GoldenQuery

EXPECTED = ["a.pdf", {"file": "b.pdf", "page": 2, "grade": 3}, {"text": "rent"}]


def test_the_queries_of_a_request_are_golden_queries() -> None:
    gate = Gate.model_validate({"queries": [{"query": "q", "expected": EXPECTED}], "tolerance": 0.1})

    request = gate.to_request()

    assert request.tolerance == 0.1
    assert request.queries == [
        GoldenQuery("q", (Expected("a.pdf"), Expected("b.pdf", 2, None, 3.0), Expected(text="rent")))
    ]


def test_a_wrong_query_is_named_by_its_place() -> None:
    queries = [{"query": "q", "expected": ["a"]}, {"query": "q", "expected": ["a"], "filters": {"type": "near"}}]

    with pytest.raises(InvalidRequest, match="must be one of") as caught:
        Gate.model_validate({"queries": queries}).to_request()

    assert caught.value.param == "gate.queries[1]"


@pytest.mark.parametrize("tolerance", [-0.1, 1.1, float("nan")])
def test_the_tolerance_is_a_share(tolerance: float) -> None:
    with pytest.raises(ValidationError):
        Gate.model_validate({"queries": [{"query": "q", "expected": ["a"]}], "tolerance": tolerance})


def test_a_gate_without_a_verdict_shows_null() -> None:
    row = Row(
        vector_store_id="vs_1", model="m", created_at=1, tolerance=0.0, query_count=7, state="waiting", recalls=[None],
        result=None, reason=None, evaluated_at=None,
    )  # fmt: skip

    shown = ReindexGate.from_row(row)

    assert (shown.queries, shown.evaluated_queries, shown.current, shown.worse_queries) == (7, 1, None, [])


def test_a_gate_shows_its_verdict() -> None:
    result = {
        "metric": "recall@10", "current": 1.0, "staged": 0.5, "queries": 2, "left_out": 1, "better": 0, "worse": 1,
        "sign_test": 1.0, "worse_queries": [{"query": "q", "current": 1.0, "staged": 0.0}], "missing_files": ["a"],
    }  # fmt: skip
    row = Row(
        vector_store_id="vs_1", model="m", created_at=1, tolerance=0.0, query_count=3, state="failed", recalls=[],
        result=result, reason="worse", evaluated_at=5.5,
    )  # fmt: skip

    shown = ReindexGate.from_row(row).model_dump()

    assert {name: shown[name] for name in result if name != "queries"} == {
        name: value for name, value in result.items() if name != "queries"
    }
    assert (shown["queries"], shown["evaluated_at"], shown["reason"]) == (3, 5, "worse")
