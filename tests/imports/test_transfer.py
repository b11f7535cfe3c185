"""The sizes and the order of batches during a transfer."""

from collections.abc import Iterator, Sequence
from itertools import count
from math import inf
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import openai
import pytest
from openai.types.vector_stores import VectorStoreFileBatch
from openai.types.vector_stores.vector_store_file_batch import FileCounts

from ingest.imports.journal import ImportRun, Journal
from ingest.imports.source_files import SourceFile
from ingest.imports.transfer import Transfer
from ingest.imports.uploads import UploadPool
from ingest.imports.web import DownloadLimits, WebDownloader


class FakeClient:
    """A client whose uploads and batches complete at once."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.wait_for_a_batch_after: float = inf
        self._attached = Event()
        self._numbers = count(1)
        self.files = SimpleNamespace(create=self._upload)
        self.vector_stores = SimpleNamespace(
            file_batches=SimpleNamespace(create=self._attach, retrieve=self._retrieve), files=None
        )

    def get(self, path: str, **_: object) -> dict[str, Any]:
        """Answer the list of coverage reports: no file has warnings."""
        assert path.endswith("/file_reports")
        return {"object": "list", "data": [], "has_more": False, "last_id": None}

    def _upload(self, file: tuple[str, Any], purpose: str, extra_headers: object) -> SimpleNamespace:
        number = next(self._numbers)
        if number > self.wait_for_a_batch_after:
            assert self._attached.wait(10), "no batch was attached in the meantime"
        return SimpleNamespace(id=f"file-{number}")

    def _attach(self, store_id: str, *, file_ids: Sequence[str], attributes: object) -> VectorStoreFileBatch:
        self.batches.append(len(file_ids))
        self._attached.set()
        return self._retrieve(f"vsfb_{len(self.batches) - 1}", vector_store_id=store_id)

    def _retrieve(self, batch_id: str, *, vector_store_id: str) -> VectorStoreFileBatch:
        files = self.batches[int(batch_id.removeprefix("vsfb_"))]
        counts = FileCounts(in_progress=0, completed=files, failed=0, cancelled=0, total=files)
        return VectorStoreFileBatch(
            id=batch_id, object="vector_store.files_batch", created_at=0, status="completed",
            vector_store_id=vector_store_id, file_counts=counts,
        )  # fmt: skip


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.mark.parametrize(
    ("files", "batches"), [(0, []), (1, [1]), (200, [200]), (201, [200, 1]), (410, [200, 200, 10])]
)
def test_a_batch_has_at_most_the_given_number_of_files(
    journal: Journal, tmp_path: Path, files: int, batches: list[int]
) -> None:
    client = FakeClient()

    import_run = _transfer_files(client, journal, tmp_path, files)

    assert client.batches == batches
    assert journal.count_outcomes(import_run.number) == ({"completed": files} if files else {})


def test_a_full_batch_is_attached_while_uploads_continue(journal: Journal, tmp_path: Path) -> None:
    client = FakeClient()
    client.wait_for_a_batch_after = 208  # as many as are on their way when the 200th is there

    _transfer_files(client, journal, tmp_path, 300)

    assert sum(client.batches) == 300
    assert client.batches[0] == 200


def test_a_partial_batch_is_attached_after_a_wait_while_there_are_few_batches(journal: Journal, tmp_path: Path) -> None:
    client = FakeClient()
    client.wait_for_a_batch_after = 50

    _transfer_files(client, journal, tmp_path, 100)

    assert sum(client.batches) == 100
    assert client.batches[0] == 50


def _transfer_files(client: FakeClient, journal: Journal, folder: Path, files: int) -> ImportRun:
    """Transfer this many files with the same content, in batches of 200."""
    (folder / "a.txt").write_text("a")
    import_run = journal.begin_import("imp_1", ["somewhere"])
    for number in range(files):
        name = f"{number}.txt"
        address = folder / name
        address.symlink_to(folder / "a.txt")
        journal.add_file(SourceFile(str(address), name, name, name, "somewhere", 1, "1"), "upload", import_run.number)
    service = cast(openai.OpenAI, client)
    transfer = Transfer(service, "vs_1", journal, import_run, batch_files=200)
    for _ in transfer.run(UploadPool(service, WebDownloader(DownloadLimits()), lambda _: None), lambda: False):
        pass
    return import_run
