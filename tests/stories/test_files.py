"""Files through the real client."""

import asyncio
import io
import json
from pathlib import Path

import openai
import pytest
from openai.types import VectorStore

from tests.stories.conftest import Upload
from tests.stories.running import Service


def test_a_file_is_uploaded_retrieved_downloaded_and_deleted(strict: openai.OpenAI) -> None:
    content = bytes(range(256)) * 5_000

    created = strict.files.create(file=("all bytes.bin", content), purpose="user_data")
    shown = strict.files.retrieve(created.id)
    downloaded = strict.files.content(created.id)
    deleted = strict.files.delete(created.id)

    assert shown == created
    assert (created.object, created.status, created.filename) == ("file", "processed", "all bytes.bin")
    assert (created.bytes, created.purpose, created.expires_at) == (len(content), "user_data", None)
    assert downloaded.read() == content
    assert (deleted.id, deleted.object, deleted.deleted) == (created.id, "file", True)
    with pytest.raises(openai.NotFoundError):
        strict.files.retrieve(created.id)
    with pytest.raises(openai.NotFoundError):
        strict.files.content(created.id)


def test_the_raw_json_of_a_file_has_exactly_the_documented_keys(client: openai.OpenAI) -> None:
    answer = client.files.with_raw_response.create(file=("a.txt", b"x"), purpose="assistants")

    raw = json.loads(answer.text)
    assert set(raw) == {
        "id", "object", "bytes", "created_at", "expires_at", "filename", "purpose", "status", "status_details",
    }  # fmt: skip
    assert raw["id"].startswith("file-")
    assert isinstance(raw["created_at"], int)
    assert answer.http_response.status_code == 200
    assert answer.headers["x-request-id"]


def test_a_file_may_come_from_a_path_a_stream_or_nameless_bytes(client: openai.OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "naïve 日本.txt"
    path.write_text("from a path")

    by_path = client.files.create(file=path, purpose="assistants")
    by_stream = client.files.create(file=io.BytesIO(b"from a stream"), purpose="assistants")
    by_bytes = client.files.create(file=b"from bytes", purpose="assistants")

    assert by_path.filename == "naïve 日本.txt"
    assert client.files.content(by_path.id).text == "from a path"
    assert client.files.content(by_stream.id).text == "from a stream"
    assert by_bytes.filename == "upload"


def test_the_content_of_a_file_streams(client: openai.OpenAI, tmp_path: Path) -> None:
    content = b"0123456789abcdef" * 200_000
    file = client.files.create(file=("large.bin", content), purpose="assistants")

    with client.files.with_streaming_response.content(file.id) as answer:
        answer.stream_to_file(tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == content


def test_an_expiry_is_shown_as_a_date(client: openai.OpenAI) -> None:
    file = client.files.create(
        file=("a.txt", b"x"), purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )

    assert file.expires_at == file.created_at + 3600


def test_files_are_listed_page_by_page_and_by_purpose(client: openai.OpenAI) -> None:
    created_ids = [client.files.create(file=("e.jsonl", b"{}"), purpose="evals").id for _ in range(7)]

    newest_first = [file.id for file in client.files.list(purpose="evals", limit=3)]
    oldest_first = [file.id for file in client.files.list(purpose="evals", limit=2, order="asc")]
    page = client.files.list(purpose="evals", after=created_ids[2], limit=1)

    assert newest_first == created_ids[::-1]
    assert oldest_first == created_ids
    assert [file.id for file in page.data] == [created_ids[1]]
    assert page.has_more


def test_a_list_of_files_continues_after_its_cursor_was_deleted(client: openai.OpenAI, upload: Upload) -> None:
    files = [upload(str(n)) for n in range(3)]
    client.files.delete(files[1])

    page = client.files.list(after=files[1], limit=1)

    assert [file.id for file in page.data] == [files[0]]


def test_a_deleted_file_disappears_from_stores_counts_and_search(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    other = client.vector_stores.create()
    file = upload("The ptarmigan turns white in winter.")
    for each_store in (store, other):
        client.vector_stores.files.create_and_poll(file, vector_store_id=each_store.id)
        assert client.vector_stores.search(each_store.id, query="ptarmigan").data

    client.files.delete(file)

    for each_store in (store, other):
        assert client.vector_stores.search(each_store.id, query="ptarmigan").data == []
        assert client.vector_stores.files.list(each_store.id).data == []
        shown = client.vector_stores.retrieve(each_store.id)
        assert (shown.file_counts.total, shown.usage_bytes) == (0, 0)
        with pytest.raises(openai.NotFoundError):
            client.vector_stores.files.retrieve(file, vector_store_id=each_store.id)


def test_many_files_are_uploaded_concurrently(service: Service) -> None:
    async def upload_all() -> list[str]:
        async with openai.AsyncOpenAI(base_url=service.base_url, api_key="none", max_retries=0) as client:
            created_ids = await asyncio.gather(
                *(client.files.create(file=(f"{n}.txt", str(n).encode()), purpose="assistants") for n in range(20))
            )
            texts = await asyncio.gather(*(client.files.content(file.id) for file in created_ids))
            assert [text.text for text in texts] == [str(n) for n in range(20)]
            return [file.id for file in created_ids]

    assert len(set(asyncio.run(upload_all()))) == 20
