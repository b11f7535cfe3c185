"""Scans through the whole service: they are read by workers of their own while other files go past them."""

import io
import time

import openai
import pytest
from openai.types import VectorStore

from ingest.steps.parse.ocr.availability import has_rapidocr
from tests.steps.parse.ocr.scans import TEXTS, as_pdf, scan
from tests.stories.conftest import Upload

pytestmark = pytest.mark.skipif(not has_rapidocr(), reason="the extra `ocr` is not installed")


def attach(client: openai.OpenAI, store: VectorStore, name: str, data: bytes) -> str:
    file_id = client.files.create(file=(name, data), purpose="assistants").id
    client.vector_stores.files.create(store.id, file_id=file_id)
    return file_id


def wait_until_ended(client: openai.OpenAI, store: VectorStore, file_id: str, seconds: float = 120) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        file = client.vector_stores.files.retrieve(file_id, vector_store_id=store.id)
        if file.status != "in_progress":
            return file.status
        time.sleep(0.2)
    return "in_progress"


def test_scans_are_found_and_other_files_do_not_wait_for_them(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    page, picture = scan([TEXTS["german"]], size=(827, 480), rotation=90), io.BytesIO()
    scan(["The committee met on 14 March."], size=(827, 200)).save(picture, "PNG")
    scans = [attach(client, store, "scan.pdf", as_pdf([page])), attach(client, store, "scan.png", picture.getvalue())]
    note = upload("A note that waits for nobody.")
    client.vector_stores.files.create(store.id, file_id=note)

    assert wait_until_ended(client, store, note) == "completed"
    statuses = [client.vector_stores.files.retrieve(scan, vector_store_id=store.id).status for scan in scans]
    assert "in_progress" in statuses
    assert [wait_until_ended(client, store, scan) for scan in scans] == ["completed", "completed"]

    text = "".join(part.text or "" for part in client.vector_stores.files.content(scans[0], vector_store_id=store.id))
    assert "Königstraße" in text
    hits = client.vector_stores.search(store.id, query="Gebäude in der Königstraße")
    assert hits.data[0].file_id == scans[0]
