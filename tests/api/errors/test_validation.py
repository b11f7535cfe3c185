"""Invalid requests are answered with the message, the code and the param that clients know."""

from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient
from pydantic_core.core_schema import ErrorType

from api.errors.validation import explain_error
from tests.api.calls import JSON, error_of

CODES = {
    "missing_required_parameter", "unknown_parameter", "invalid_type", "invalid_value", "empty_array",
    "array_below_min_length", "array_above_max_length", "string_below_min_length", "string_above_max_length",
    "object_below_min_properties", "object_above_max_properties", "integer_below_min_value", "integer_above_max_value",
    "decimal_below_min_value", "decimal_above_max_value",
}  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [b"{", b"nul", b"\xff\xfe{", b'{"name":"\xff"}', b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"1" * 5_000],
)  # fmt: skip
def test_a_body_that_is_not_json_is_rejected(client: TestClient, body: bytes) -> None:
    assert "body" in error_of(client.post("/v1/vector_stores", content=body, headers=JSON), 400)["message"]


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"true"])
def test_a_body_that_is_no_object_is_rejected(client: TestClient, body: bytes) -> None:
    error = error_of(client.post("/v1/vector_stores", content=body, headers=JSON), 400)

    assert (error["param"], error["code"]) == (None, "invalid_type")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "nonsense"])
def test_a_body_with_another_content_type_is_rejected(client: TestClient, kind: str) -> None:
    answer = client.post("/v1/vector_stores", content=b"{}", headers={"content-type": kind})

    assert "application/json" in error_of(answer, 400)["message"]


@pytest.mark.parametrize("path", ["/v1/vector_stores", "/v1/vector_stores/{store}"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_an_empty_body_is_accepted_if_no_field_is_required(
    client: TestClient, store: str, path: str, kind: str
) -> None:
    answer = client.post(path.format(store=store), content=b"", headers={"content-type": kind})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["search", "files", "file_batches"])
def test_an_empty_body_is_rejected_if_a_field_is_required(client: TestClient, store: str, path: str) -> None:
    error_of(client.post(f"/v1/vector_stores/{store}/{path}", content=b"", headers=JSON), 400)


LONG = "x" * 600


STATIC = "chunking_strategy.static"


@pytest.mark.parametrize(
    ("path", "body", "param", "code"),
    [
        ("", {"nonsense": 1}, "nonsense", "unknown_parameter"),
        ("", {"": 1}, "", "unknown_parameter"),
        ("", {"name": 1}, "name", "invalid_type"),
        ("", {"name": "x" * 5_000}, "name", "string_above_max_length"),
        ("", {"file_ids": "file-1"}, "file_ids", "invalid_type"),
        ("", {"file_ids": ["a"] * 501}, "file_ids", "array_above_max_length"),
        ("", {"metadata": []}, "metadata", "invalid_type"),
        ("", {"metadata": {"a": 1}}, "metadata.a", "invalid_type"),
        ("", {"metadata": {"a": LONG}}, "metadata.a", "string_above_max_length"),
        ("", {"metadata": {"str": LONG}}, "metadata.str", "string_above_max_length"),
        ("", {"metadata": {LONG[:65]: "a"}}, f"metadata.{LONG[:65]}", "string_above_max_length"),
        ("", {"metadata": {str(n): "" for n in range(17)}}, "metadata", "object_above_max_properties"),
        ("", {"expires_after": {"days": 1}}, "expires_after.anchor", "missing_required_parameter"),
        ("", {"expires_after": {"anchor": "x", "days": 1}}, "expires_after.anchor", "invalid_value"),
        ("", {"expires_after": {"anchor": "last_active_at", "days": 0}}, "expires_after.days", "integer_below_min_value"),
        ("", {"expires_after": {"anchor": "last_active_at", "days": 366}}, "expires_after.days", "integer_above_max_value"),
        ("/{store}", {"description": "x"}, "description", "unknown_parameter"),
        ("/{store}/files", {}, "file_id", "missing_required_parameter"),
        ("/{store}/files", {"file_id": 1}, "file_id", "invalid_type"),
        ("/{store}/files", {"file_id": "x", "attributes": {"a": [1]}}, "attributes.a", "invalid_type"),
        ("/{store}/files", {"file_id": "x", "attributes": {"a": None}}, "attributes.a", "invalid_type"),
        ("/{store}/files", {"file_id": "x", "attributes": {"a": 2**63}}, "attributes.a", "invalid_value"),
        ("/{store}/files", {"file_id": "x", "attributes": {"a[b](c)": LONG}}, "attributes.a[b](c)", "string_above_max_length"),
        ("/{store}/files", {"file_id": "x", "attributes": {LONG[:65]: 1}}, f"attributes.{LONG[:65]}", "string_above_max_length"),
        ("/{store}/files", {"file_id": "x", "attributes": {str(n): n for n in range(17)}}, "attributes", "object_above_max_properties"),
        ("/{store}/files", {"file_id": "x", "chunking_strategy": "auto"}, "chunking_strategy", "invalid_type"),
        ("/{store}/files", {"file_id": "x", "chunking_strategy": {}}, "chunking_strategy.type", "missing_required_parameter"),
        ("/{store}/files", {"file_id": "x", "chunking_strategy": {"type": "x"}}, "chunking_strategy", "invalid_value"),
        ("/{store}/files", {"file_id": "x", "chunking_strategy": {"type": "static"}}, STATIC, "missing_required_parameter"),
        ("/{store}/files", {"file_id": "x", "chunking_strategy": {"type": "auto", "static": {}}}, STATIC, "unknown_parameter"),
        ("/{store}/files", {"file_id": "x", "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 99, "chunk_overlap_tokens": 0}}}, f"{STATIC}.max_chunk_size_tokens", "integer_below_min_value"),
        ("/{store}/files", {"file_id": "x", "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 4097, "chunk_overlap_tokens": 0}}}, f"{STATIC}.max_chunk_size_tokens", "integer_above_max_value"),
        ("/{store}/files", {"file_id": "x", "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 51}}}, STATIC, "invalid_value"),
        ("/{store}/files", {"file_id": "x", "chunking_strategy": {"type": "static", "static": {"chunk_overlap_tokens": 1}}}, f"{STATIC}.max_chunk_size_tokens", "missing_required_parameter"),
        ("/{store}/files/x", {}, "attributes", "missing_required_parameter"),
        ("/{store}/file_batches", {}, "file_ids", "missing_required_parameter"),
        ("/{store}/file_batches", {"file_ids": ["a"], "files": [{"file_id": "a"}]}, "files", "invalid_value"),
        ("/{store}/file_batches", {"file_ids": []}, "file_ids", "empty_array"),
        ("/{store}/file_batches", {"file_ids": [1]}, "file_ids[0]", "invalid_type"),
        ("/{store}/file_batches", {"files": [{"file_id": "a"}, {}]}, "files[1].file_id", "missing_required_parameter"),
        ("/{store}/file_batches", {"files": [{"file_id": "a", "x": 1}]}, "files[0].x", "unknown_parameter"),
        ("/{store}/search", {}, "query", "missing_required_parameter"),
        ("/{store}/search", {"query": 1}, "query", "invalid_type"),
        ("/{store}/search", {"query": ""}, "query", "string_below_min_length"),
        ("/{store}/search", {"query": []}, "query", "empty_array"),
        ("/{store}/search", {"query": ["a"] * 17}, "query", "array_above_max_length"),
        ("/{store}/search", {"query": ["a", 1]}, "query[1]", "invalid_type"),
        ("/{store}/search", {"query": "x", "max_num_results": 0}, "max_num_results", "integer_below_min_value"),
        ("/{store}/search", {"query": "x", "max_num_results": 51}, "max_num_results", "integer_above_max_value"),
        ("/{store}/search", {"query": "x", "max_num_results": "5"}, "max_num_results", "invalid_type"),
        ("/{store}/search", {"query": "x", "max_num_results": True}, "max_num_results", "invalid_type"),
        ("/{store}/search", {"query": "x", "max_num_results": 10**300}, "max_num_results", "integer_above_max_value"),
        ("/{store}/search", {"query": "x", "rewrite_query": "yes"}, "rewrite_query", "invalid_type"),
        ("/{store}/search", {"query": "x", "filters": []}, "filters", "invalid_type"),
        ("/{store}/search", {"query": "x", "filters": {}}, "filters.type", "missing_required_parameter"),
        ("/{store}/search", {"query": "x", "filters": {"type": "like", "key": "a", "value": 1}}, "filters.type", "invalid_value"),
        ("/{store}/search", {"query": "x", "filters": {"type": "in", "key": "a", "value": 1}}, "filters.value", "invalid_type"),
        ("/{store}/search", {"query": "x", "filters": {"type": "and", "filters": [{"type": "eq", "value": 1}]}}, "filters.filters[0].key", "missing_required_parameter"),
        ("/{store}/search", {"query": "x", "ranking_options": {"x": 1}}, "ranking_options.x", "unknown_parameter"),
        ("/{store}/search", {"query": "x", "ranking_options": {"ranker": "x"}}, "ranking_options.ranker", "invalid_value"),
        ("/{store}/search", {"query": "x", "ranking_options": {"score_threshold": 2}}, "ranking_options.score_threshold", "decimal_above_max_value"),
        ("/{store}/search", {"query": "x", "ranking_options": {"score_threshold": -0.1}}, "ranking_options.score_threshold", "decimal_below_min_value"),
        ("/{store}/search", {"query": "x", "ranking_options": {"hybrid_search": {}}}, "ranking_options.hybrid_search", "invalid_value"),
    ],
)  # fmt: skip
def test_an_invalid_body_is_rejected_with_param_and_code(
    client: TestClient, store: str, path: str, body: dict[str, Any], param: str, code: str
) -> None:
    error = error_of(client.post("/v1/vector_stores" + path.format(store=store), json=body), 400)

    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("limit=-1", "limit", "integer_below_min_value"),
        ("limit=101", "limit", "integer_above_max_value"),
        ("limit=many", "limit", "invalid_type"),
        ("limit=1.5", "limit", "invalid_type"),
        ("limit=" + "9" * 5_000, "limit", "invalid_value"),
        ("order=up", "order", "invalid_value"),
        ("filter=queued", "filter", "invalid_value"),
    ],
)
def test_an_invalid_query_parameter_is_rejected_with_param_and_code(
    client: TestClient, store: str, query: str, param: str, code: str
) -> None:
    error = error_of(client.get(f"/v1/vector_stores/{store}/files?{query}"), 400)

    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize(
    ("data", "named", "param", "code"),
    [
        ({"purpose": "assistants"}, None, "file", "missing_required_parameter"),
        ({}, "a.txt", "purpose", "missing_required_parameter"),
        ({"purpose": "world domination"}, "a.txt", "purpose", "invalid_value"),
        ({"purpose": "assistants", "file": "text"}, None, "file", "invalid_type"),
        ({"purpose": "assistants", "expires_after[seconds]": "3600"}, "a.txt", "expires_after", "invalid_value"),
        ({"purpose": "assistants", "expires_after[anchor]": "created_at", "expires_after[seconds]": "1"}, "a.txt", "expires_after[seconds]", "integer_below_min_value"),
        ({"purpose": "assistants", "expires_after[anchor]": "created_at", "expires_after[seconds]": "x"}, "a.txt", "expires_after[seconds]", "invalid_type"),
        ({"purpose": "assistants", "expires_after[anchor]": "now", "expires_after[seconds]": "3600"}, "a.txt", "expires_after", "invalid_value"),
    ],
)  # fmt: skip
def test_an_invalid_form_is_rejected_with_param_and_code(
    client: TestClient, data: dict[str, str], named: str | None, param: str, code: str
) -> None:
    content = {"file": (named, b"x")} if named else {"other": ("o", b"x")}

    error = error_of(client.post("/v1/files", data=data, files=content), 400)

    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=XX", b""),
        ("multipart/form-data; boundary=XX", b"garbage"),
        ("multipart/form-data; boundary=XX", b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n"),
        ("multipart/form-data; boundary=XX", b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx'),
        ("application/json", b'{"purpose":"assistants","file":"x"}'),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Unclosed file")  # Starlette leaves the part that was cut off to the collector
def test_an_invalid_multipart_body_is_rejected(client: TestClient, kind: str, body: bytes) -> None:
    error_of(client.post("/v1/files", content=body, headers={"content-type": kind}), 400)


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_every_error_type_of_pydantic_is_explained(kind: str) -> None:
    values: list[Any] = [None, "x", "", 1, [], {}, {"x": 1}, b"x"]
    for value in values:
        error = {"type": kind, "loc": ("body", "x"), "msg": "Input should be better", "input": value}

        message, param, code = explain_error(error, {"x": value})

        assert message.startswith(("Invalid", "Missing", "Unknown", "We could not"))
        assert param in ("x", "x.type", None)
        assert code in CODES | {None}


@pytest.mark.parametrize("place", [(), ("body",), ("body", "gone"), ("query",), ("header",)])
def test_an_error_without_a_location_names_no_parameter(place: tuple[str, ...]) -> None:
    facts = {"loc": place, "msg": "Value error, a and b exclude each other", "input": {"a": 1}}
    for kind in get_args(ErrorType):
        error = facts | {"type": kind, "ctx": {"error": ValueError("a and b exclude each other.")}}

        message, param, code = explain_error(error, {"a": 1})

        assert message.startswith(("Invalid body: ", "Invalid request: ", "We could not", "Missing required parameter"))
        assert "None" not in message
        assert param in (None, "gone")
        assert code in CODES | {None}
    assert explain_error(error | {"type": "value_error"}, {"a": 1})[0].endswith(": a and b exclude each other.")


def test_a_text_field_instead_of_an_upload_part_is_rejected(client: TestClient) -> None:
    sent = {"filename": "a.txt", "bytes": 3, "mime_type": "text/plain", "purpose": "assistants"}
    upload = client.post("/v1/uploads", json=sent).json()["id"]

    error = error_of(client.post(f"/v1/uploads/{upload}/parts", data={"data": "text"}), 400)

    assert error["message"] == "Invalid type for 'data': expected a file with a name."
    assert (error["param"], error["code"]) == ("data", "invalid_type")
