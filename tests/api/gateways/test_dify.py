"""Dify's external knowledge API, with requests in the shape of its documentation."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import build_app
from ingest.config import Settings
from ingest.services import Services
from tests.api.calls import error_of, run_jobs, upload
from tests.api.projects import key_headers
from tests.fakes import FakeServices

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def app() -> FastAPI:
    return build_app(Services(Settings(gateways="dify")))


@pytest.fixture
def dify(app: FastAPI, services: FakeServices) -> TestClient:
    """A client of an app with Dify's interface."""
    app.state.services = services
    return TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50000))


@pytest.fixture
def birds(dify: TestClient, services: FakeServices) -> str:
    """A store with a heron of 2019 and a gannet of 2024."""
    store = str(dify.post("/v1/vector_stores", json={}).json()["id"])
    for text, year, place in (("The heron fishes.", 2019, "lake"), ("The gannet dives.", 2024, "sea")):
        attributes = {"year": year, "place": place}
        body = {"file_id": upload(dify, text, f"{place}.txt"), "attributes": attributes}
        dify.post(f"/v1/vector_stores/{store}/files", json=body)
    run_jobs(services)
    return store


@pytest.fixture
def ask(dify: TestClient, birds: str) -> Ask:
    def ask(query: str = "bird", top_k: int = 5, score_threshold: float = 0.0, **more: Any) -> dict[str, Any]:
        setting = {"top_k": top_k, "score_threshold": score_threshold}
        body = {"knowledge_id": birds, "query": query, "retrieval_setting": setting, **more}
        return dict(dify.post("/retrieval", json=body).json())

    return ask


def test_passages_have_content_score_title_and_metadata(ask: Ask) -> None:
    [record] = ask("gannet", top_k=1)["records"]

    assert (record["content"], record["title"]) == ("The gannet dives.", "sea.txt")
    assert 0 < record["score"] <= 1
    assert record["metadata"].items() >= {"year": 2024, "place": "sea", "filename": "sea.txt"}.items()


def test_no_passage_scores_below_the_threshold(ask: Ask) -> None:
    assert ask("gannet", score_threshold=1.0) == {"records": []}


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("is", "sea", ["sea.txt"]),
        ("is not", "sea", ["lake.txt"]),
        ("contains", "ak", ["lake.txt"]),
        ("start with", "s", ["sea.txt"]),
        ("in", ["sea", "river"], ["sea.txt"]),
        ("not in", ["sea"], ["lake.txt"]),
    ],
)
def test_conditions_filter_by_attributes(ask: Ask, operator: str, value: Any, expected: list[str]) -> None:
    condition = {"name": "place", "comparison_operator": operator, "value": value}

    found = ask(metadata_condition={"logical_operator": "and", "conditions": [condition]})

    assert [record["title"] for record in found["records"]] == expected


@pytest.mark.parametrize(("operator", "expected"), [("=", 1), ("≠", 1), (">", 0), ("<", 1), ("≥", 1), ("≤", 2)])
def test_numbers_are_compared(ask: Ask, operator: str, expected: int) -> None:
    condition = {"name": ["year"], "comparison_operator": operator, "value": 2024}

    assert len(ask(metadata_condition={"conditions": [condition]})["records"]) == expected


def test_one_of_several_conditions_may_be_enough(ask: Ask) -> None:
    either = [{"name": "place", "comparison_operator": "is", "value": value} for value in ("sea", "lake")]

    assert len(ask(metadata_condition={"logical_operator": "or", "conditions": either})["records"]) == 2
    assert ask(metadata_condition={"logical_operator": "and", "conditions": either})["records"] == []
    assert len(ask(metadata_condition={"logical_operator": "and", "conditions": []})["records"]) == 2
    assert len(ask(metadata_condition=None, unknown="field")["records"]) == 2


def test_a_condition_that_no_filter_can_express_is_refused_with_the_reason(ask: Ask) -> None:
    answer = ask(
        metadata_condition={"conditions": [{"name": "place", "comparison_operator": "end with", "value": "a"}]}
    )

    assert answer["error_code"] == 400
    assert "end with" in answer["error_msg"]


def test_an_unknown_knowledge_base_has_the_code_of_dify(dify: TestClient) -> None:
    body = {"knowledge_id": "vs_none", "query": "a", "retrieval_setting": {"top_k": 1, "score_threshold": 0.5}}

    answer = dify.post("/retrieval", json=body)

    assert (answer.status_code, answer.json()["error_code"]) == (404, 2001)


def test_a_key_with_the_scope_read_is_needed(
    app: FastAPI, dify: TestClient, birds: str, services: FakeServices
) -> None:
    body = {"knowledge_id": birds, "query": "a", "retrieval_setting": {"top_k": 1, "score_threshold": 0.0}}

    def answer(headers: dict[str, str]) -> Any:
        return TestClient(app, client=("192.0.2.7", 50000)).post("/retrieval", json=body, headers=headers)

    error_of(answer({}), 401)
    error_of(answer(key_headers(services, "proj_default", "write")), 403)
    assert answer(key_headers(services, "proj_default", "read")).status_code == 200


def test_the_interface_is_off_by_default(client: TestClient) -> None:
    assert client.post("/retrieval", json={}).status_code == 404
