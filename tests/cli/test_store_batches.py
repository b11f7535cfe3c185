"""Finding the store of a command, and waiting for a batch."""

import openai
import pytest

from ingest.cli.store_batches import is_complete, print_file_counts, resolve_store_id, wait_for_batch
from ingest.errors import Refused
from tests.cli.fake_service import FakeService


def test_an_id_is_not_looked_up_and_a_name_is(service: FakeService) -> None:
    service.add_store("demo")

    with openai.OpenAI(base_url=service.url, api_key="none") as client:
        assert resolve_store_id(client, "vs_other") == "vs_other"
        assert resolve_store_id(client, "demo") == "vs_0"
        with pytest.raises(Refused, match="No vector store has the name other"):
            resolve_store_id(client, "other")


def test_a_batch_is_polled_until_it_ends(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.cli.store_batches.POLL_SECONDS", 0.0)
    service.uploads["file-0"] = ("a.txt", 1)
    service.batches["vsfb_0"] = {"id": "vsfb_0", "store": "vs_0", "file_ids": ["file-0"]}
    service.finish_after_polls = 3

    with openai.OpenAI(base_url=service.url, api_key="none") as client:
        batch = wait_for_batch(client, {"id": "vsfb_0", "vector_store_id": "vs_0", "status": "in_progress"})

    assert (service.polls, batch["status"], is_complete(batch)) == (3, "completed", True)


def test_a_batch_with_failures_is_not_complete() -> None:
    assert not is_complete({"file_counts": {"completed": 1, "failed": 1, "cancelled": 0, "total": 2}})


def test_counts_are_printed_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_file_counts({"completed": 1_234, "failed": 1, "cancelled": 0})

    assert capsys.readouterr().out == "1,234 completed, 1 failed, 0 cancelled\n"
