"""The order of uploads and batches."""

from collections.abc import Sequence
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

from ingest.cli.importing.run import Run
from ingest.cli.importing.sources import Source


class FakeClient:
    """Takes files and finishes batches at once."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.wait_for_a_batch_after: float = inf
        self._attached = Event()
        self._numbers = count(1)
        self.files = SimpleNamespace(create=self._upload)
        self.vector_stores = SimpleNamespace(file_batches=SimpleNamespace(create=self._attach))

    def _upload(self, file: tuple[str, Any], purpose: str) -> SimpleNamespace:
        number = next(self._numbers)
        if number > self.wait_for_a_batch_after:
            assert self._attached.wait(5), "no batch was attached in the meantime"
        return SimpleNamespace(id=f"file-{number}")

    def _attach(self, store_id: str, *, file_ids: Sequence[str], attributes: object) -> VectorStoreFileBatch:
        self.batches.append(len(file_ids))
        self._attached.set()
        counts = FileCounts(in_progress=0, completed=len(file_ids), failed=0, cancelled=0, total=len(file_ids))
        return VectorStoreFileBatch(
            id=f"vsfb_{len(self.batches)}", object="vector_store.files_batch", created_at=0, status="completed",
            vector_store_id=store_id, file_counts=counts,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("files", "batches"), [(0, []), (1, [1]), (2_000, [2_000]), (2_001, [2_000, 1]), (4_100, [2_000, 2_000, 100])]
)
def test_a_batch_never_has_more_files_than_openai_allows(tmp_path: Path, files: int, batches: list[int]) -> None:
    client = FakeClient()
    run = _run(client, tmp_path, files)

    for _ in run.steps(lambda _: None):
        pass

    assert client.batches == batches
    assert run.batches.count("completed") == files


def test_a_batch_is_attached_as_soon_as_it_is_full(tmp_path: Path) -> None:
    client = FakeClient()
    client.wait_for_a_batch_after = 2_000

    for _ in _run(client, tmp_path, 2_100).steps(lambda _: None):
        pass

    assert client.batches == [2_000, 100]


def _run(client: FakeClient, folder: Path, files: int) -> Run:
    path = folder / "a.txt"
    path.write_text("a")
    sources = [Source(str(path), f"{number}.txt", 1) for number in range(files)]
    return Run(cast(openai.OpenAI, client), "vs_1", sources, {})
