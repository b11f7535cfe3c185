"""No input of a client makes the service fail."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import build_app
from ingest.config import Settings
from ingest.db.session import Database
from tests.api.calls import JSON, error_of, run_jobs, upload
from tests.fakes import FakeServices

NASTY_TEXTS = ["\\u0000", "\\ud800", "\\udc00\\ud800", "a\\u0000b"]
NASTY_IDS = [
    "%00", "a%00b", "%ff", "%ED%A0%80", "%0d%0a", "%20", "%2e%2e", "..%2f..%2fetc%2fpasswd", "x" * 5_000, "%F0%9F%98%80",
    "'%20OR%201=1--", "%25", "%7B%7D",
]  # fmt: skip


@pytest.mark.parametrize("nasty", NASTY_TEXTS)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", '{"name":"%s"}'),
        ("", '{"description":"%s"}'),
        ("", '{"metadata":{"a":"%s"}}'),
        ("", '{"metadata":{"%s":"a"}}'),
        ("", '{"%s":1}'),
        ("/{store}", '{"name":"%s"}'),
        ("/{store}/search", '{"query":"%s"}'),
        ("/{store}/search", '{"query":["a","%s"]}'),
        ("/{store}/search", '{"query":"x","ranking_options":{"ranker":"%s"}}'),
        ("/{store}/search", '{"query":"x","filters":{"type":"%s","key":"a","value":1}}'),
        ("/{store}/search", '{"query":"x","filters":{"type":"eq","key":"a","value":1,"%s":1}}'),
        ("/{store}/files", '{"file_id":"{file}","attributes":{"a":"%s"}}'),
        ("/{store}/files", '{"file_id":"{file}","attributes":{"%s":1}}'),
        ("/{store}/files/{file}", '{"attributes":{"a":"%s"}}'),
    ],
)
def test_text_that_cannot_be_stored_is_rejected(
    client: TestClient, store: str, file: str, path: str, body: str, nasty: str
) -> None:
    content = (body % nasty).replace("{file}", file)

    error_of(client.post("/v1/vector_stores" + path.format(store=store, file=file), content=content, headers=JSON), 400)


@pytest.mark.parametrize("nasty", NASTY_TEXTS)
@pytest.mark.parametrize(
    "body", ['"filters":{"type":"eq","key":"a","value":"%s"}', '"filters":{"type":"ne","key":"%s","value":1}']
)
def test_a_filter_may_contain_any_text(client: TestClient, store: str, body: str, nasty: str) -> None:
    content = '{"query":"x",' + body % nasty + "}"

    answer = client.post(f"/v1/vector_stores/{store}/search", content=content, headers=JSON)

    assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize("nasty", [*NASTY_TEXTS, "", "x" * 1_000_000])
@pytest.mark.parametrize("body", ['{"file_id":"%s"}', '{"file_ids":["%s"]}', '{"files":[{"file_id":"%s"}]}'])
def test_a_strange_file_id_in_a_body_is_not_found(client: TestClient, store: str, body: str, nasty: str) -> None:
    path = "files" if 'file_id"' in body and "files" not in body else "file_batches"

    answer = client.post(f"/v1/vector_stores/{store}/{path}", content=body % nasty, headers=JSON)

    assert len(error_of(answer, 404)["message"]) <= 1_000


@pytest.mark.parametrize("nasty", NASTY_IDS)
def test_a_strange_id_in_a_path_is_not_found(client: TestClient, store: str, nasty: str) -> None:
    _ask_for_everything(client, store, nasty)


@pytest.mark.services
def test_a_strange_id_in_a_path_is_not_found_on_postgres(settings: Settings, database: Database) -> None:
    client = TestClient(
        build_app(FakeServices(settings, database)), base_url="http://localhost", client=("127.0.0.1", 50000)
    )
    store = client.post("/v1/vector_stores").json()["id"]

    for nasty in NASTY_IDS:
        _ask_for_everything(client, store, nasty)
    answer = client.post(f"/v1/vector_stores/{store}/files", json={"file_id": "\0"})
    error_of(answer, 404)


def _ask_for_everything(client: TestClient, store: str, nasty: str) -> None:
    for method, path in [
        ("GET", f"/v1/files/{nasty}"),
        ("DELETE", f"/v1/files/{nasty}"),
        ("GET", f"/v1/files/{nasty}/content"),
        ("GET", f"/v1/vector_stores/{nasty}"),
        ("POST", f"/v1/vector_stores/{nasty}"),
        ("DELETE", f"/v1/vector_stores/{nasty}"),
        ("GET", f"/v1/vector_stores/{nasty}/files"),
        ("GET", f"/v1/vector_stores/{store}/files/{nasty}"),
        ("DELETE", f"/v1/vector_stores/{store}/files/{nasty}"),
        ("GET", f"/v1/vector_stores/{store}/files/{nasty}/content"),
        ("GET", f"/v1/vector_stores/{store}/file_batches/{nasty}"),
        ("POST", f"/v1/vector_stores/{store}/file_batches/{nasty}/cancel"),
        ("GET", f"/v1/vector_stores/{store}/file_batches/{nasty}/files"),
    ]:
        error_of(client.request(method, path), 404)
    for path in ("/v1/files", "/v1/vector_stores", f"/v1/vector_stores/{store}/files"):
        page = client.get(f"{path}?after={nasty}")
        assert (page.status_code, page.json()["data"], page.json()["has_more"]) == (200, [], False)
    assert client.get(f"/v1/files?purpose={nasty}").json()["data"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "-" + "9" * 400])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", '{"expires_after":{"anchor":"last_active_at","days":%s}}'),
        ("/{store}/search", '{"query":"x","max_num_results":%s}'),
        ("/{store}/search", '{"query":"x","ranking_options":{"score_threshold":%s}}'),
        ("/{store}/search", '{"query":"x","ranking_options":{"hybrid_search":{"text_weight":%s}}}'),
        ("/{store}/search", '{"query":"x","filters":{"type":"gt","key":"a","value":%s}}'),
        ("/{store}/files", '{"file_id":"{file}","attributes":{"a":%s}}'),
    ],
)
def test_numbers_out_of_range_are_rejected(
    client: TestClient, store: str, file: str, path: str, body: str, number: str
) -> None:
    content = (body % number).replace("{file}", file)

    error_of(client.post("/v1/vector_stores" + path.format(store=store), content=content, headers=JSON), 400)


def test_filters_that_are_nested_too_deep_are_rejected(client: TestClient, store: str) -> None:
    leaf = '{"type":"eq","key":"a","value":1}'
    for depth in (9, 100, 3_000):
        filters = '{"type":"and","filters":[' * depth + leaf + "]}" * depth
        content = '{"query":"x","filters":%s}' % filters  # noqa: UP031 - braces
        error_of(client.post(f"/v1/vector_stores/{store}/search", content=content, headers=JSON), 400)


def test_a_megabyte_of_text_is_rejected_or_accepted(client: TestClient, store: str) -> None:
    huge = "x" * 1_000_000

    for body in ({"name": huge}, {"metadata": {"a": huge}}, {"metadata": {huge: "a"}}, {huge: 1}):
        error = error_of(client.post("/v1/vector_stores", json=body), 400)
        assert len(error["message"]) <= 1_000
        assert len(error["param"]) <= 200
    assert client.post(f"/v1/vector_stores/{store}/search", json={"query": huge}).status_code in (200, 400)


def test_attributes_of_every_type_are_returned_unchanged(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    attributes: dict[str, Any] = {
        "text": "ü\u2028\U0001f600'\"\\", "": "empty", "whole": 2**53 + 1, "least": -(2**63), "real": 0.1, "yes": True,
        "no": False, "a.b[0]": 1, "\n": "\t", "str": "x", "zero": 0, "minus": -0.5,
    }  # fmt: skip

    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file, "attributes": attributes})
    run_jobs(services)

    shown = client.get(f"/v1/vector_stores/{store}/files/{file}").json()["attributes"]
    assert json.dumps(shown, sort_keys=True) == json.dumps(attributes, sort_keys=True)
    [found] = client.post(f"/v1/vector_stores/{store}/search", json={"query": "heron"}).json()["data"]
    assert found["attributes"] == attributes


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b'filename="../../etc/passwd"', "passwd"),
        (b'filename="..\\..\\boot.ini"', "boot.ini"),
        (b'filename=".."', "upload"),
        (b'filename="a\xe2\x80\xaetxt.exe"', "atxt.exe"),
        (b'filename="a\x00b.txt"', "ab.txt"),
        (b'filename="a\x1b[31mb.txt"', "a[31mb.txt"),
        (b'filename="\xc3\xbc\xe6\x97\xa5\xf0\x9f\x98\x80.txt"', "\u00fc\u65e5\U0001f600.txt"),
        (b'filename="' + b"x" * 300 + b'.txt"', "x" * 251 + ".txt"),
        (b'filename="' + "é".encode() * 255 + b'.txt"', "é" * 251 + ".txt"),
        (b'filename="/"', "upload"),
        (b'filename="   "', "upload"),
    ],
)
def test_a_strange_filename_is_stored_as_plain_text(client: TestClient, sent: bytes, kept: str) -> None:
    answer = client.post("/v1/files", content=_multipart(sent), headers=MULTIPART)

    assert answer.status_code == 200, answer.text
    assert answer.json()["filename"] == kept
    content = client.get(f"/v1/files/{answer.json()['id']}/content")
    assert content.content == b"hello"
    assert content.headers["content-disposition"].isascii()


@pytest.mark.parametrize(
    "sent",
    [b'filename="\xff\xfe.txt"', b'filename="\xed\xa0\x80.txt"', b"filename*=utf-99''x", b'filename="a\nb"', b"filename",
     b'filename=""', b'filename="' + b"x" * 100_000 + b'"', b"filename*=UTF-8''%ff%00.txt"],
)  # fmt: skip
def test_a_broken_filename_is_rejected_or_cleaned(client: TestClient, sent: bytes) -> None:
    answer = client.post("/v1/files", content=_multipart(sent), headers=MULTIPART)

    assert answer.status_code in (200, 400), answer.text
    assert client.get("/v1/files").status_code == 200


def test_a_form_with_many_fields_is_rejected(client: TestClient) -> None:
    data = {"purpose": "assistants"} | {f"x{n}": "1" for n in range(2_000)}

    error_of(client.post("/v1/files", data=data, files={"file": ("a", b"x")}), 400)


def test_files_with_the_same_name_stay_distinct(client: TestClient) -> None:
    first, second = upload(client, name="same.txt"), upload(client, name="same.txt")

    assert first != second


MULTIPART = {"content-type": "multipart/form-data; boundary=XX"}


def _multipart(name: bytes) -> bytes:
    purpose = b'--XX\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
    return purpose + b'--XX\r\nContent-Disposition: form-data; name="file"; ' + name + b"\r\n\r\nhello\r\n--XX--\r\n"
