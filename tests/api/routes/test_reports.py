"""Routes of coverage reports, an extension."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from ingest.caller import DEFAULT_PROJECT
from ingest.db.models import StoreFile
from ingest.errors import UnsupportedFile
from ingest.steps.parse.report import Report, ReportBuilder
from ingest.tenancy.keys import Scope
from tests.api.calls import error_of, run_jobs, upload
from tests.api.projects import key_headers
from tests.fakes import FakeServices


def warning_report(number: int = 1) -> Report:
    builder = ReportBuilder()
    builder.count("page", "read", 6)
    builder.count("page", "not_read")
    for _ in range(number):
        builder.warn("page_not_read", "The page is a picture.", "page 7")
    builder.warn("comments_not_read", "Comments were not read.")
    builder.count_replaced_characters(2)
    return builder.build().with_reader("pypdfium2", "5.0")


@pytest.fixture
def path(store: str) -> str:
    return f"/v1/vector_stores/{store}"


def attach(client: TestClient, services: FakeServices, path: str, report: Report, name: str = "a.pdf") -> str:
    """Attach a file that is read with this report, and return its id."""
    services.parser.report = report
    file_id = upload(client, name=name)
    client.post(f"{path}/files", json={"file_id": file_id})
    run_jobs(services)
    return file_id


def test_a_report_says_what_was_read_and_what_was_not(
    services: FakeServices, client: TestClient, path: str, store: str
) -> None:
    file_id = attach(client, services, path, warning_report())

    assert client.get(f"{path}/files/{file_id}/report").json() == {
        "id": file_id,
        "object": "vector_store.file.report",
        "vector_store_id": store,
        "filename": "a.pdf",
        "status": "completed",
        "reader": {"name": "pypdfium2", "version": "5.0"},
        "language": None,
        "parts": {"page": {"read": 6, "ocr": 0, "empty": 0, "failed": 0, "not_read": 1}},
        "replaced_characters": 2,
        "warning_count": 3,
        "warnings": [
            {"code": "page_not_read", "message": "The page is a picture.", "part": "page 7"},
            {"code": "comments_not_read", "message": "Comments were not read.", "part": None},
            {
                "code": "characters_replaced",
                "message": "2 bytes are not in the character set and were replaced.",
                "part": None,
            },
        ],
        "progress": None,
    }
    assert client.get(f"{path}/files/{file_id}").json()["warnings"] == 3


def test_a_report_has_the_first_warnings_and_counts_all(services: FakeServices, client: TestClient, path: str) -> None:
    file_id = attach(client, services, path, warning_report(70))

    report = client.get(f"{path}/files/{file_id}/report").json()

    assert (len(report["warnings"]), report["warning_count"]) == (50, 72)


def test_a_file_in_progress_has_its_progress_and_no_report(
    services: FakeServices, client: TestClient, path: str, file: str
) -> None:
    client.post(f"{path}/files", json={"file_id": file})
    assert client.get(f"{path}/files/{file}/report").json()["progress"] is None
    with services.database.transaction() as session:
        session.execute(update(StoreFile).values(pages_done=3, pages_total=9))

    report = client.get(f"{path}/files/{file}/report").json()

    assert report["status"] == "in_progress"
    assert report["progress"] == {"pages_done": 3, "pages_total": 9}
    assert (report["reader"], report["parts"], report["warnings"]) == (None, {}, [])


def test_a_failed_file_has_the_report_of_the_reading_that_failed(
    services: FakeServices, client: TestClient, path: str, file: str
) -> None:
    services.parser.error = UnsupportedFile("No page has text.", warning_report().to_json())
    client.post(f"{path}/files", json={"file_id": file})
    run_jobs(services)

    report = client.get(f"{path}/files/{file}/report").json()

    assert (report["status"], report["warning_count"], report["parts"]["page"]["not_read"]) == ("failed", 3, 1)
    assert client.get(f"{path}/files/{file}").json()["warnings"] == 0


def test_lists_are_restricted_to_files_with_warnings(services: FakeServices, client: TestClient, path: str) -> None:
    clean = attach(client, services, path, Report())
    warned = [attach(client, services, path, warning_report(), f"{number}.pdf") for number in range(3)]

    first = client.get(f"{path}/files", params={"warnings": "true", "limit": 2, "order": "asc"}).json()
    second = client.get(f"{path}/files", params={"warnings": "true", "order": "asc", "after": first["last_id"]}).json()
    without = client.get(f"{path}/files", params={"warnings": "false"}).json()
    reports = client.get(f"{path}/file_reports", params={"warnings": "true", "limit": 2}).json()
    named = client.get(f"{path}/file_reports", params={"filename": "1.pdf"}).json()

    assert [file["id"] for file in (*first["data"], *second["data"])] == warned
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert [file["id"] for file in without["data"]] == [clean]
    assert ([report["id"] for report in reports["data"]], reports["has_more"]) == (warned[:0:-1], True)
    assert [report["id"] for report in named["data"]] == [warned[1]]


def test_the_warnings_of_a_store_and_of_a_batch_are_counted_by_code(
    services: FakeServices, client: TestClient, path: str, store: str
) -> None:
    first = attach(client, services, path, warning_report())
    attach(client, services, path, warning_report())
    batch = client.post(f"{path}/file_batches", json={"file_ids": [first]}).json()["id"]

    of_store = client.get(f"{path}/warnings").json()
    of_batch = client.get(f"{path}/warnings", params={"batch_id": batch}).json()
    listed = client.get(f"{path}/file_batches/{batch}/files", params={"warnings": "true"}).json()["data"]
    reports = client.get(f"{path}/file_reports", params={"batch_id": batch, "warnings": "true"}).json()["data"]

    codes = {"page_not_read": 2, "comments_not_read": 2, "characters_replaced": 2}
    counts = {"object": "vector_store.warnings", "vector_store_id": store, "batch_id": None, "files": 2, "codes": codes}
    assert of_store == counts
    assert (of_batch["files"], of_batch["batch_id"], set(of_batch["codes"].values())) == (1, batch, {1})
    assert [file["id"] for file in listed] == [report["id"] for report in reports] == [first]


def test_a_reindex_of_files_with_warnings_reads_them_again(
    services: FakeServices, client: TestClient, path: str
) -> None:
    attach(client, services, path, Report())
    warned = attach(client, services, path, warning_report())
    services.parser.report = Report()

    batch = client.post(f"{path}/reindex", json={"only": "warnings"}).json()
    run_jobs(services)

    assert batch["file_counts"]["total"] == 1
    assert client.get(f"{path}/files/{warned}").json()["warnings"] == 0
    assert client.get(f"{path}/warnings").json()["files"] == 0


def test_a_schedule_of_files_with_warnings_is_refused(client: TestClient, path: str) -> None:
    answer = client.post(f"{path}/reindex_schedules", json={"cron": "0 3 * * *", "only": "warnings"})

    assert error_of(answer, 400)["param"] == "only"


def test_unknown_stores_files_and_batches_are_not_found(client: TestClient, path: str, file: str) -> None:
    error_of(client.get(f"{path}/files/{file}/report"), 404)
    error_of(client.get("/v1/vector_stores/vs_unknown/files/file-1/report"), 404)
    error_of(client.get("/v1/vector_stores/vs_unknown/warnings"), 404)
    error_of(client.get(f"{path}/file_reports", params={"batch_id": "vsfb_unknown"}), 404)


def test_reports_need_the_scope_read(
    services: FakeServices, client: TestClient, path: str, remote_client: Callable[[dict[str, str]], TestClient]
) -> None:
    file_id = attach(client, services, path, warning_report())

    scopes: tuple[tuple[Scope, int], ...] = (("read", 200), ("write", 403))
    for scope, status in scopes:
        reader = remote_client(key_headers(services, DEFAULT_PROJECT, scope))
        for route in (f"{path}/files/{file_id}/report", f"{path}/file_reports", f"{path}/warnings"):
            assert reader.get(route).status_code == status, route
