"""The client of an import, and how it finds stores."""

import openai
import pytest

from ingest.errors import Refused
from ingest.imports.client import find_store, find_store_of_batch, open_client
from tests.cli.fake_service import FakeService


def test_a_store_is_found_by_name_or_id_unless_it_has_expired(service: FakeService) -> None:
    service.add_store("demo", status="expired")
    service.add_store("demo")

    with open_client(service.url) as client:
        by_name, by_id = find_store(client, "demo"), find_store(client, "vs_1")

        assert by_name is not None
        assert by_id is not None
        assert by_name.id == by_id.id == "vs_1"
        assert find_store(client, "vs_0") is None
        assert find_store(client, "other") is None


def test_the_store_of_a_batch_is_found(service: FakeService) -> None:
    service.add_store("demo")
    service.batches["vsfb_0"] = {"id": "vsfb_0", "store": "vs_0", "file_ids": []}

    with open_client(service.url) as client:
        assert find_store_of_batch(client, "vsfb_0") == "vs_0"
        with pytest.raises(Refused, match="No vector store has a file batch vsfb_1"):
            find_store_of_batch(client, "vsfb_1")


def test_errors_of_the_service_become_one_line(service: FakeService) -> None:
    with pytest.raises(Refused, match="answers: Invalid URL"), open_client(service.url) as client:
        client.get("/nothing", cast_to=dict[str, str])
    with pytest.raises(Refused, match="No service answers"), open_client("http://127.0.0.1:1/v1", retries=0) as client:
        client.models.list()


def test_the_api_key_of_the_caller_is_sent(service: FakeService) -> None:
    with open_client(service.url, "secret") as client:
        assert isinstance(client, openai.OpenAI)
        client.vector_stores.list()

    assert service.authorizations == {"Bearer secret"}
