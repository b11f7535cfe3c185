"""/v1/models and /v1/embeddings, as the openai client calls them."""

import base64
import math
import struct
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.calls import error_of
from tests.fakes import FakeServices


@pytest.fixture
def model(services: FakeServices) -> str:
    return services.settings.default_model


def embed(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/embeddings", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_models_are_those_that_are_configured(client: TestClient, model: str) -> None:
    listed = client.get("/v1/models").json()

    assert listed["object"] == "list"
    assert [(each["id"], each["object"]) for each in listed["data"]] == [(model, "model")]
    assert client.get(f"/v1/models/{model}").json() == listed["data"][0]


def test_an_unknown_model_is_not_found(client: TestClient) -> None:
    for answer in (
        client.get("/v1/models/none/such"),
        client.post("/v1/embeddings", json={"input": "a", "model": "b"}),
    ):
        assert error_of(answer, 404)["code"] == "model_not_found"


def test_texts_have_vectors_of_length_one_in_their_order(client: TestClient, model: str) -> None:
    both = embed(client, input=["heron", "otter"], model=model)
    otter = embed(client, input="otter", model=model)

    assert [each["index"] for each in both["data"]] == [0, 1]
    assert both["data"][1]["embedding"] == otter["data"][0]["embedding"] != both["data"][0]["embedding"]
    assert math.isclose(sum(x * x for x in otter["data"][0]["embedding"]), 1, abs_tol=1e-5)
    assert both["usage"]["total_tokens"] == both["usage"]["prompt_tokens"] > otter["usage"]["total_tokens"]


def test_base64_has_the_same_numbers(client: TestClient, model: str) -> None:
    numbers = embed(client, input="heron", model=model)["data"][0]["embedding"]
    encoded = embed(client, input="heron", model=model, encoding_format="base64")["data"][0]["embedding"]

    assert list(struct.unpack(f"<{len(numbers)}f", base64.b64decode(encoded))) == pytest.approx(numbers)


def test_tokens_are_embedded_as_their_text(client: TestClient, model: str) -> None:
    text = embed(client, input="hello world", model=model)

    assert embed(client, input=[15339, 1917], model=model) == text
    assert embed(client, input=[[15339, 1917], [15339]], model=model)["data"][0] == text["data"][0]


@pytest.mark.parametrize(
    "body",
    [
        {"input": ""},
        {"input": []},
        {"input": [""]},
        {"input": [[]]},
        {"input": [1, "a"]},
        {"input": [200_000]},
        {"input": "x" * 300_000},
        {"input": "a", "dimensions": 5},
        {"input": "a", "encoding_format": "int8"},
        {"input": ["a"] * 2049},
    ],
)
def test_what_cannot_be_embedded_is_refused(client: TestClient, model: str, body: dict[str, Any]) -> None:
    error = error_of(client.post("/v1/embeddings", json=body | {"model": model}), 400)

    assert error["param"].partition("[")[0] in body


def test_the_dimensions_of_the_model_are_accepted(client: TestClient, model: str, services: FakeServices) -> None:
    dimensions = services.embedder.dimensions

    assert len(embed(client, input="a", model=model, dimensions=dimensions)["data"][0]["embedding"]) == dimensions
