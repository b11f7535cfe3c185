"""The order of uploads and batches."""

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

from ingest.imports.journal import Import, Journal
from ingest.imports.source_files import Found
from ingest.imports.transfer import Run
from ingest.imports.uploads import Uploads
from ingest.imports.web import Limits, Web


class FakeClient:
    """Takes files and finishes batches at once."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.wait_for_a_batch_after: float = inf
        self._attached = Event()
        self._numbers = count(1)
        self.files = SimpleNamespace(create=self._upload)
        self.vector_stores = SimpleNamespace(
            file_batches=SimpleNamespace(create=self._attach, retrieve=self._retrieve), files=None
        )

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
    book = Journal(tmp_path / "journal.db")
    yield book
    book.close()


@pytest.mark.parametrize(
    ("files", "batches"), [(0, []), (1, [1]), (200, [200]), (201, [200, 1]), (410, [200, 200, 10])]
)
def test_a_batch_never_has_more_files_than_it_may(
    journal: Journal, tmp_path: Path, files: int, batches: list[int]
) -> None:
    client = FakeClient()

    this = _run(client, journal, tmp_path, files)

    assert client.batches == batches
    assert journal.outcome(this.number) == ({"completed": files} if files else {})


def test_a_batch_is_attached_as_soon_as_it_is_full(journal: Journal, tmp_path: Path) -> None:
    client = FakeClient()
    client.wait_for_a_batch_after = 208  # as many as are on their way when the 200th is there

    _run(client, journal, tmp_path, 300)

    assert sum(client.batches) == 300
    assert client.batches[0] == 200


def test_what_waits_for_a_while_is_attached_while_the_service_has_little_to_do(
    journal: Journal, tmp_path: Path
) -> None:
    client = FakeClient()
    client.wait_for_a_batch_after = 50

    _run(client, journal, tmp_path, 100)

    assert sum(client.batches) == 100
    assert client.batches[0] == 50


def _run(client: FakeClient, journal: Journal, folder: Path, files: int) -> Import:
    """An import of this many files, all with the same content, in batches of 200."""
    (folder / "a.txt").write_text("a")
    this = journal.begin("imp_1", ["somewhere"])
    for number in range(files):
        shown = f"{number}.txt"
        address = folder / shown
        address.symlink_to(folder / "a.txt")
        journal.add(Found(str(address), shown, shown, shown, "somewhere", 1, "1"), "upload", this.number)
    service = cast(openai.OpenAI, client)
    run = Run(service, "vs_1", journal, this, batch_files=200)
    for _ in run.steps(Uploads(service, Web(Limits()), lambda _: None), lambda: False):
        pass
    return this
