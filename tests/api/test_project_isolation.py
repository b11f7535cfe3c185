"""No project sees or changes the objects of another one: a matrix over every route of the OpenAPI document."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from httpx2 import Response

from tests.api.calls import error_of
from tests.api.projects import (
    EXPIRED,
    FILES,
    IMPORT_SCHEDULE,
    IMPORTS,
    OPERATIONS,
    STORE,
    WEBHOOK,
    WEBHOOK_BODY,
    ProjectObjects,
)

Body = Callable[[Mapping[str, str]], dict[str, Any]]


def no_body(_: Mapping[str, str]) -> dict[str, Any]:
    return {}


EVERY_FILE = {"type": "ne", "key": "none", "value": ""}


# Operations on an object by its path, with a function that makes the request from the ids of the object.
OBJECT_OPERATIONS: dict[str, Body] = {
    "GET /v1/files/{file_id}": no_body,
    "DELETE /v1/files/{file_id}": no_body,
    "GET /v1/files/{file_id}/content": no_body,
    "POST /v1/uploads/{upload_id}/parts": lambda _: {"files": {"data": ("p", b"x")}},
    "POST /v1/uploads/{upload_id}/complete": lambda ids: {"json": {"part_ids": [ids["part_id"]]}},
    "POST /v1/uploads/{upload_id}/cancel": no_body,
    f"GET {STORE}": no_body,
    f"POST {STORE}": lambda _: {"json": {"name": "taken over"}},
    f"DELETE {STORE}": no_body,
    f"POST {STORE}/search": lambda _: {"json": {"query": "heron"}},
    f"POST {STORE}/files": lambda ids: {"json": {"file_id": ids["file_id"]}},
    f"GET {STORE}/files": no_body,
    f"GET {STORE}/files/{{file_id}}": no_body,
    f"POST {STORE}/files/{{file_id}}": lambda _: {"json": {"attributes": {"taken": "over"}}},
    f"DELETE {STORE}/files/{{file_id}}": no_body,
    f"GET {STORE}/files/{{file_id}}/content": no_body,
    f"GET {STORE}/files/{{file_id}}/report": no_body,
    f"POST {STORE}/files/delete": lambda _: {"json": {"filters": EVERY_FILE, "dry_run": False}},
    f"POST {STORE}/files/attributes": lambda _: {"json": {"filters": EVERY_FILE, "set": {"a": 1}, "dry_run": False}},
    f"GET {STORE}/file_reports": no_body,
    f"GET {STORE}/warnings": no_body,
    f"POST {STORE}/file_batches": lambda ids: {"json": {"file_ids": [ids["file_id"]]}},
    f"GET {STORE}/file_batches": no_body,
    f"GET {STORE}/file_batches/{{batch_id}}": no_body,
    f"POST {STORE}/file_batches/{{batch_id}}/cancel": no_body,
    f"GET {STORE}/file_batches/{{batch_id}}/files": no_body,
    f"GET {STORE}/file_batches/{{batch_id}}/events": no_body,
    f"GET {WEBHOOK}": no_body,
    f"POST {WEBHOOK}": lambda _: {"json": {"url": "https://mine.example/"}},
    f"DELETE {WEBHOOK}": no_body,
    f"POST {WEBHOOK}/rotate_secret": no_body,
    f"POST {WEBHOOK}/test": lambda _: {"json": {"event_type": EXPIRED}},
    f"POST {STORE}/retry": lambda _: {"json": {}},
    f"POST {STORE}/file_batches/{{batch_id}}/retry": lambda _: {"json": {}},
    f"POST {STORE}/reindex": lambda _: {"json": {}},
    f"GET {STORE}/reindex": no_body,
    f"POST {STORE}/reindex/rollback": lambda _: {"json": {}},
    f"POST {STORE}/reindex/purge": no_body,
    f"POST {STORE}/reindex_schedules": lambda _: {"json": {"cron": "0 3 * * *"}},
    f"GET {STORE}/reindex_schedules": no_body,
    f"GET {STORE}/reindex_schedules/{{schedule_id}}": no_body,
    f"POST {STORE}/reindex_schedules/{{schedule_id}}": lambda _: {"json": {"paused": True}},
    f"DELETE {STORE}/reindex_schedules/{{schedule_id}}": no_body,
    f"POST {STORE}/import_schedules": lambda _: {"json": IMPORT_SCHEDULE},
    f"GET {STORE}/import_schedules": no_body,
    f"GET {IMPORTS}": no_body,
    f"POST {IMPORTS}": lambda _: {"json": {"paused": True}},
    f"DELETE {IMPORTS}": no_body,
    f"POST {IMPORTS}/run": no_body,
}


LIST_OPERATIONS = ["GET /v1/files", "GET /v1/vector_stores", "GET /v1/webhook_endpoints"]


CREATE_OPERATIONS: dict[str, Body] = {
    "POST /v1/files": lambda _: {"data": {"purpose": "assistants"}, "files": FILES},
    "POST /v1/uploads": lambda _: {
        "json": {"bytes": 1, "filename": "u", "mime_type": "text/plain", "purpose": "assistants"}
    },
    "POST /v1/vector_stores": lambda _: {"json": {"name": "new"}},
    "POST /v1/webhook_endpoints": lambda _: {"json": WEBHOOK_BODY},
}


OPERATIONS_WITHOUT_OBJECTS = {"GET /v1/models", "GET /v1/models/{model}", "POST /v1/embeddings"}
"""All projects have the same models."""


def test_the_matrix_covers_every_route_of_the_document() -> None:
    assert set(OPERATIONS) <= {*OBJECT_OPERATIONS, *LIST_OPERATIONS, *CREATE_OPERATIONS, *OPERATIONS_WITHOUT_OBJECTS}


@pytest.mark.parametrize("operation", [name for name in OBJECT_OPERATIONS if name in OPERATIONS])
def test_an_object_of_another_project_looks_like_one_that_does_not_exist(
    operation: str, own_project: ProjectObjects, other_project: ProjectObjects
) -> None:
    unknown_ids = {name: value[:-6] + "ffffff" for name, value in other_project.ids.items()}
    before = read_everything(other_project)

    foreign = own_project.send(operation, other_project.ids, **OBJECT_OPERATIONS[operation](other_project.ids))
    unknown = own_project.send(operation, unknown_ids, **OBJECT_OPERATIONS[operation](unknown_ids))

    error_of(foreign, 404)
    assert without_ids(foreign, other_project.ids) == without_ids(unknown, unknown_ids)
    assert read_everything(other_project) == before


@pytest.mark.parametrize("operation", LIST_OPERATIONS)
def test_lists_contain_only_objects_of_the_own_project(
    operation: str, own_project: ProjectObjects, other_project: ProjectObjects
) -> None:
    def listed(of: ProjectObjects) -> set[str]:
        return {item["id"] for item in of.send(operation, {}).json()["data"]}

    assert listed(own_project)
    assert listed(other_project)
    assert not listed(own_project) & listed(other_project)


@pytest.mark.parametrize(
    ("operation", "cursor"),
    [(LIST_OPERATIONS[0], "after"), (LIST_OPERATIONS[1], "after"), (LIST_OPERATIONS[1], "before")],
)  # files are listed forwards only
@pytest.mark.parametrize("is_deleted", [False, True])
def test_an_id_of_another_project_is_no_valid_cursor(
    operation: str, cursor: str, is_deleted: bool, own_project: ProjectObjects, other_project: ProjectObjects
) -> None:
    name = "file_id" if operation == "GET /v1/files" else "vector_store_id"
    if is_deleted:
        other_project.send(f"DELETE {operation.split(' ')[1]}/{other_project.ids[name]}", {})

    page = own_project.send(operation, {}, params={cursor: other_project.ids[name]}).json()

    assert page["data"] == []
    assert page["has_more"] is False


@pytest.mark.parametrize("operation", CREATE_OPERATIONS)
def test_a_created_object_belongs_to_the_own_project_only(
    operation: str, own_project: ProjectObjects, other_project: ProjectObjects
) -> None:
    created = own_project.send(operation, {}, **CREATE_OPERATIONS[operation]({})).json()["id"]

    path = operation.removeprefix("POST ")
    if path == "/v1/uploads":
        error_of(other_project.client.post(f"{path}/{created}/cancel"), 404)
        assert own_project.client.post(f"{path}/{created}/cancel").status_code == 200
    else:
        error_of(other_project.client.get(f"{path}/{created}"), 404)
        assert own_project.client.get(f"{path}/{created}").status_code == 200


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("POST /v1/vector_stores", lambda file: {"file_ids": [file]}),
        (f"POST {STORE}/files", lambda file: {"file_id": file}),
        (f"POST {STORE}/file_batches", lambda file: {"file_ids": [file]}),
        (f"POST {STORE}/file_batches", lambda file: {"files": [{"file_id": file}]}),
    ],
)
def test_a_file_of_another_project_cannot_be_attached(
    operation: str, body: Callable[[str], dict[str, Any]], own_project: ProjectObjects, other_project: ProjectObjects
) -> None:
    foreign, unknown_ids = other_project.ids["file_id"], "file-" + "f" * 32

    answers = [own_project.send(operation, own_project.ids, json=body(file)) for file in (foreign, unknown_ids)]

    for answer, file in zip(answers, (foreign, unknown_ids), strict=True):
        assert file in error_of(answer, 404)["message"]
    assert without_ids(answers[0], {"id": foreign}) == without_ids(answers[1], {"id": unknown_ids})


def test_a_part_of_another_project_cannot_complete_an_upload(
    own_project: ProjectObjects, other_project: ProjectObjects
) -> None:
    foreign, unknown_ids = other_project.ids["part_id"], "part_" + "f" * 32
    complete = "POST /v1/uploads/{upload_id}/complete"

    answers = [
        own_project.send(complete, own_project.ids, json={"part_ids": [part]}) for part in (foreign, unknown_ids)
    ]

    assert without_ids(answers[0], {"id": foreign}) == without_ids(answers[1], {"id": unknown_ids})
    error_of(answers[0], 400)


def test_deleting_a_file_keeps_the_same_bytes_of_another_project(
    own_project: ProjectObjects, other_project: ProjectObjects
) -> None:
    assert own_project.client.delete(f"/v1/files/{own_project.ids['file_id']}").status_code == 200

    assert other_project.client.get(f"/v1/files/{other_project.ids['file_id']}/content").content == b"A heron stands."


def read_everything(of: ProjectObjects) -> list[Any]:
    """Return the responses to all GET operations of a project."""
    responses = [
        name
        for name in (*OBJECT_OPERATIONS, *LIST_OPERATIONS)
        if name.startswith("GET ") and not name.endswith("/events")
    ]
    return [of.send(name, of.ids).text for name in responses]


def without_ids(answer: Response, ids: Mapping[str, str]) -> tuple[int, str, list[str]]:
    """Return a response without the requested ids and without its request id."""
    text = answer.text
    for value in ids.values():
        text = text.replace(value, "ID")
    return answer.status_code, text, sorted(set(answer.headers) - {"content-length"})
