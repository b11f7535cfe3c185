"""Files whose stored bytes are gone or damaged: the file's error says so, and nobody gets wrong bytes."""

from pathlib import Path

import pytest

from ingest.blobs import part_key
from ingest.errors import InvalidRequest, NotFound
from ingest.reindex import rerun_batches
from ingest.stores import files, members, uploads
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text


def change_blob(services: FakeServices, data: bytes | None) -> None:
    [key] = services.blobs.list_keys("raw/")
    if data is None:
        services.blobs.delete(key)
    else:
        services.blobs.write(key, data)


@pytest.mark.parametrize(("data", "reason"), [(None, "missing"), (b"", "damaged"), (b"onE", "damaged")])
def test_a_file_without_its_bytes_fails_and_says_why(services: FakeServices, data: bytes | None, reason: str) -> None:
    store, [file_id] = attach_texts(services, "one")
    change_blob(services, data)

    assert run_published_jobs(services) == ["failed"]

    row = rows.get_row(services.database, store, file_id)
    assert row.error_code == "server_error"
    assert f"{reason} on the server. Upload it again." in (row.error_message or "")
    assert services.index.points == {}


def test_a_file_with_live_points_keeps_them_when_its_bytes_are_damaged(services: FakeServices) -> None:
    store, _ = attach_texts(services, "one")
    run_published_jobs(services)
    points = dict(services.index.points)
    change_blob(services, b"onE")

    rerun_batches.reindex(services, CALLER, store, "all", None)

    assert run_published_jobs(services) == ["failed"]
    assert points.items() <= services.index.points.items()
    assert rows.read_counts(services.database, store) == (0, 1, 0, 0)


def test_a_failed_file_completes_after_its_bytes_were_uploaded_again(services: FakeServices) -> None:
    store, _ = attach_texts(services, "one")
    change_blob(services, b"onE")
    run_published_jobs(services)

    upload_text(services, "one")
    rerun_batches.retry(services, CALLER, store, ["failed"])

    assert run_published_jobs(services)[0] == "completed"


@pytest.mark.parametrize(("data", "reason"), [(None, "gone"), (b"onE", "damaged")])
def test_requests_for_the_content_answer_404(services: FakeServices, data: bytes | None, reason: str) -> None:
    store, [file_id] = attach_texts(services, "one")
    run_published_jobs(services)
    change_blob(services, data)

    with pytest.raises(NotFound, match=reason):
        files.read_content(services, CALLER, file_id)
    with pytest.raises(NotFound, match=reason):
        members.read_parsed_text(services, CALLER, store, file_id)


def test_an_upload_with_a_damaged_part_cannot_be_completed(services: FakeServices, tmp_path: Path) -> None:
    upload = uploads.create(
        services,
        CALLER,
        filename="a.txt",
        purpose="assistants",
        size=6,
        mime_type="text/plain",
        file_expires_after=None,
    ).upload
    parts = [uploads.add_part(services, CALLER, upload.id, [data]).id for data in (b"one", b"two")]
    services.blobs.write(part_key(parts[1]), b"twO")

    with pytest.raises(InvalidRequest, match="damaged"):
        uploads.complete(services, CALLER, upload.id, parts, None)

    assert list(services.blobs.list_keys("raw/")) == []
