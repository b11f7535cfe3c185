"""The client for Azure, pointed at the service: other paths, an `api-version`, and the key in another header."""

from collections.abc import Iterator

import openai
import pytest

from tests.stories.running import Service


@pytest.fixture
def azure(service: Service) -> Iterator[openai.AzureOpenAI]:
    root = service.base_url.removesuffix("/v1")
    with openai.AzureOpenAI(
        azure_endpoint=root, api_key="none", api_version="2025-04-01-preview", max_retries=0
    ) as client:
        yield client


def test_the_client_for_azure_uploads_attaches_and_searches(azure: openai.AzureOpenAI) -> None:
    store = azure.vector_stores.create(name="azure")
    batch = azure.vector_stores.file_batches.upload_and_poll(
        store.id, files=[("heron.txt", b"The heron fishes at dawn."), ("otter.txt", b"The otter swims.")]
    )
    found = azure.vector_stores.search(store.id, query="When does the heron fish?", max_num_results=1)

    assert (batch.status, batch.file_counts.completed) == ("completed", 2)
    assert [result.filename for result in found] == ["heron.txt"]
    assert azure.vector_stores.delete(store.id).deleted


def test_the_client_for_azure_embeds(azure: openai.AzureOpenAI) -> None:
    [model] = [model.id for model in azure.models.list()]

    made = azure.embeddings.create(model=model, input=["heron", "otter"])

    assert [each.index for each in made.data] == [0, 1]
    assert len(made.data[0].embedding) == 384
