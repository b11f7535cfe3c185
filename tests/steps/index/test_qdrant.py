"""`QdrantIndex` beyond the contract in tests/contracts/test_index.py."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr
from qdrant_client import QdrantClient

from ingest.config import Settings
from ingest.errors import DependencyDown
from ingest.steps.index import QdrantIndex, collection_name
from ingest.steps.index.wire import MAX_POINTS_PER_REQUEST
from tests.contracts.points import DIMENSIONS, PROJECT, make_owner, make_point, unit_vector

pytestmark = pytest.mark.services


def test_several_processes_may_create_the_collection_at_once(qdrant_index: QdrantIndex, settings: Settings) -> None:
    model = f"{qdrant_index._collection}"
    indexes = [QdrantIndex.connect(settings, model=model, dimensions=DIMENSIONS, multivector=True) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(QdrantIndex.ensure_collection, indexes))

    indexes[0].upsert(make_owner(), [make_point(0)])
    assert [one.count_points(1, 1) for one in indexes] == [1] * 4
    indexes[0]._client.delete_collection(indexes[0]._collection)
    for one in indexes:
        one.close()


def test_a_collection_without_windows_takes_one_vector_for_each_chunk(settings: Settings, client: QdrantClient) -> None:
    index = QdrantIndex.connect(settings, model="plain", dimensions=DIMENSIONS, multivector=False)

    index.upsert(make_owner(), [make_point(0, 2)])

    dense, _ = index.search(PROJECT, "vs_1", dense=unit_vector(2), sparse=None, filters=None, limit=5)
    assert [hit.score for hit in dense] == pytest.approx([1.0])
    index.close()
    client.delete_collection(collection_name("plain", DIMENSIONS))


def test_a_scan_of_several_pages_sees_every_point_once(
    qdrant_index: QdrantIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.steps.index.qdrant.SCAN_PAGE_POINTS", 7)
    qdrant_index.upsert(make_owner(), [make_point(number) for number in range(30)])

    assert sorted(point.number for point in qdrant_index.scan_points()) == list(range(30))


def test_a_write_recreates_a_collection_that_vanished(qdrant_index: QdrantIndex, client: QdrantClient) -> None:
    qdrant_index.upsert(make_owner(), [make_point(0)])
    client.delete_collection(qdrant_index._collection)

    qdrant_index.upsert(make_owner(), [make_point(0)])

    assert qdrant_index.count_points(1, 1) == 1


def test_a_wrong_key_raises_dependency_down(settings: Settings) -> None:
    if not settings.qdrant_api_key.get_secret_value():
        pytest.skip("this server takes no key")
    wrong = settings.model_copy(update={"qdrant_api_key": SecretStr("wrong")})
    index = QdrantIndex.connect(wrong, model="m", dimensions=DIMENSIONS, multivector=True)

    with pytest.raises(DependencyDown, match=r"qdrant: answered 40[13]"):
        index.ensure_collection()

    index.close()


def test_an_unreachable_server_raises_dependency_down(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        index = QdrantIndex.connect(
            settings.model_copy(update={"qdrant_url": url}), model="m", dimensions=DIMENSIONS, multivector=True
        )

        with pytest.raises(DependencyDown, match="qdrant: no answer"):
            index.upsert(make_owner(), [make_point(0)])
        with pytest.raises(DependencyDown, match="qdrant: no answer"):
            index.count_points(1, 1)

    index.close()


def test_many_points_are_sent_in_several_requests(qdrant_index: QdrantIndex) -> None:
    qdrant_index.upsert(make_owner(), [make_point(number) for number in range(2 * MAX_POINTS_PER_REQUEST + 1)])

    assert qdrant_index.count_points(1, 1) == 2 * MAX_POINTS_PER_REQUEST + 1


def test_large_texts_are_sent_in_several_requests(qdrant_index: QdrantIndex) -> None:
    qdrant_index.upsert(make_owner(), [make_point(number, text="x" * 1_500_000) for number in range(4)])

    assert qdrant_index.count_points(1, 1) == 4
