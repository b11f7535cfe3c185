"""What `QdrantIndex` relies on in Qdrant: the vectors process and a Qdrant server must behave alike."""

from typing import Any

import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from ingest.steps.index import QdrantIndex
from tests.contracts.points import DIMENSIONS, unit_vector

pytestmark = pytest.mark.services


@pytest.fixture
def collection(qdrant_index: QdrantIndex) -> str:
    qdrant_index.ensure_collection()
    return qdrant_index._collection


def status_of(call: Any, *arguments: Any, **named: Any) -> tuple[int | None, str]:
    with pytest.raises(UnexpectedResponse) as caught:
        call(*arguments, **named)
    return caught.value.status_code, caught.value.content.decode()


def struct(key: Any, vector: Any = None, **payload: Any) -> models.PointStruct:
    return models.PointStruct(id=key, vector={"dense": vector or [[1.0] * DIMENSIONS]}, payload=payload)


def equals(key: str, value: Any) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def test_an_unknown_collection_is_a_404(client: QdrantClient) -> None:
    for call in (client.get_collection, client.count, client.scroll):
        status, text = status_of(call, "missing")
        assert status == 404
        assert "`missing` doesn't exist" in text


def test_creating_a_collection_again_is_a_409(client: QdrantClient, collection: str) -> None:
    status, text = status_of(client.create_collection, collection, vectors_config={})

    assert status == 409
    assert "already exists" in text


def test_a_collection_is_listed_until_it_is_deleted(client: QdrantClient, collection: str) -> None:
    assert client.collection_exists(collection)
    assert collection in {one.name for one in client.get_collections().collections}

    assert client.delete_collection(collection)

    assert not client.collection_exists(collection)
    assert not client.delete_collection(collection)


def test_a_collection_describes_its_configuration(client: QdrantClient, collection: str) -> None:
    info = client.get_collection(collection)

    assert isinstance(info.config.params.vectors, dict)
    assert info.config.params.vectors["dense"].size == DIMENSIONS
    assert info.config.params.sparse_vectors is not None
    assert info.config.params.sparse_vectors["text"].modifier == models.Modifier.IDF
    assert info.payload_schema["store"].data_type == models.PayloadSchemaType.KEYWORD
    assert isinstance(info.payload_schema["store"].params, models.KeywordIndexParams)
    assert info.payload_schema["store"].params.is_tenant
    assert info.payload_schema["row"].data_type == models.PayloadSchemaType.INTEGER


@pytest.mark.parametrize(
    "bad",
    [
        {"id": 1, "vector": {"dense": [[1.0]]}},
        {"id": 1, "vector": {"nothing": [[1.0] * DIMENSIONS]}},
        {"id": "no uuid", "vector": {"dense": [[1.0] * DIMENSIONS]}},
        {"id": 1, "vector": {"dense": [["x"] * DIMENSIONS]}},
        {"id": 1, "vector": {"text": {"indices": [1, 1], "values": [1.0, 2.0]}}},
        {"id": 1, "vector": {"text": {"indices": [1, 2], "values": [1.0]}}},
    ],
    ids=["dimension", "name", "id", "letters", "doubled term", "unequal terms"],
)
def test_a_bad_point_is_a_400_and_nothing_is_written(client: QdrantClient, collection: str, bad: Any) -> None:
    good = {"id": 5, "vector": {"dense": [[1.0] * DIMENSIONS]}}
    api = client._client.openapi_client.client  # type: ignore[attr-defined]  # the REST client has no public name

    status, _ = status_of(
        api.request,
        type_=None,
        method="PUT",
        url=f"/collections/{collection}/points?wait=true",
        json={"points": [good, bad]},
    )

    assert status in (400, 422)
    assert client.count(collection).count == 0


def test_a_search_of_the_wrong_dimension_is_a_400(client: QdrantClient, collection: str) -> None:
    assert status_of(client.query_points, collection, query=[1.0, 2.0], using="dense")[0] == 400
    assert status_of(client.query_points, collection, query=[1.0] * DIMENSIONS, using="nothing")[0] == 400


def test_upsert_replaces_the_payload(client: QdrantClient, collection: str) -> None:
    client.upsert(collection, [struct(1, a=1, b=2)], wait=True)
    client.upsert(collection, [struct(1, a=3)], wait=True)

    assert client.retrieve(collection, [1])[0].payload == {"a": 3}


def test_points_may_be_sent_as_a_batch_of_columns(client: QdrantClient, collection: str) -> None:
    vectors: Any = {"dense": [[[1.0] * DIMENSIONS]] * 2}
    client.upsert(collection, models.Batch(ids=[1, 2], vectors=vectors, payloads=[{"a": 1}, {"a": 2}]), wait=True)

    assert [record.payload for record in client.retrieve(collection, [1, 2])] == [{"a": 1}, {"a": 2}]


def test_set_payload_merges_and_replaces_whole_fields(client: QdrantClient, collection: str) -> None:
    client.upsert(collection, [struct(1, kept=1, numbers={"a": 1, "b": 2}, tags=["x"]), struct(2, kept=2)], wait=True)

    client.set_payload(
        collection, {"numbers": {"c": 3}, "tags": []}, points=models.Filter(must=[equals("kept", 1)]), wait=True
    )
    client.set_payload(collection, {"more": True}, points=[2], wait=True)

    payloads = [record.payload for record in client.retrieve(collection, [1, 2])]
    assert payloads == [{"kept": 1, "numbers": {"c": 3}, "tags": []}, {"kept": 2, "more": True}]


def test_points_are_deleted_by_id_and_by_filter(client: QdrantClient, collection: str) -> None:
    client.upsert(collection, [struct(number, row=number) for number in range(6)], wait=True)

    client.delete(collection, [0, 1, 99], wait=True)
    some = models.FieldCondition(key="row", match=models.MatchAny(any=[2, 3]))
    client.delete(collection, models.Filter(must=[some]), wait=True)

    assert {record.id for record in client.scroll(collection)[0]} == {4, 5}


def test_retrieve_returns_vectors_on_request(client: QdrantClient, collection: str) -> None:
    sparse = models.SparseVector(indices=[3, 9], values=[0.5, 2.0])
    first = [1.0, *[0.0] * (DIMENSIONS - 1)]
    client.upsert(collection, [models.PointStruct(id=1, vector={"dense": [first], "text": sparse})], wait=True)

    plain = client.retrieve(collection, [1, 2])
    full = client.retrieve(collection, [1], with_vectors=True)

    assert [(record.id, record.vector) for record in plain] == [(1, None)]
    assert full[0].vector == {"dense": [first], "text": sparse}


def test_scroll_returns_every_point_once(client: QdrantClient, collection: str) -> None:
    client.upsert(collection, [struct(number, n=number, m=1) for number in range(25)], wait=True)

    seen: list[Any] = []
    offset: Any = None
    while True:
        page, offset = client.scroll(collection, limit=10, offset=offset, with_payload=["n"])
        seen += [record.payload for record in page]
        if offset is None:
            break

    assert sorted(one["n"] for one in seen) == list(range(25))
    assert all(one.keys() == {"n"} for one in seen)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (equals("word", "a"), {1}),
        (equals("list", "b"), {1, 2}),
        (models.FieldCondition(key="word", match=models.MatchAny(any=["a", "c"])), {1, 3}),
        (models.FieldCondition(key="word", match=models.MatchAny(any=[])), set()),
        (models.FieldCondition(key="word", match=models.MatchExcept(**{"except": ["a"]})), {2, 3}),
        (models.FieldCondition(key="at.k1", range=models.Range(gt=1.5, lte=3)), {2, 3}),
        (models.IsEmptyCondition(is_empty=models.PayloadField(key="list")), {3, 4}),
        (models.HasIdCondition(has_id=[1, 4]), {1, 4}),
        (models.HasIdCondition(has_id=[]), set()),
        (models.Filter(should=[equals("word", "a"), equals("word", "b")]), {1, 2}),
        (models.Filter(must_not=[equals("word", "a")]), {2, 3, 4}),
        (models.Filter(must=[models.Filter(should=[models.Filter(must_not=[equals("word", "a")])])]), {2, 3, 4}),
        (
            models.Filter(
                min_should=models.MinShould(conditions=[equals("word", "b"), equals("list", "b")], min_count=2)
            ),
            {2},
        ),
    ],
)
def test_each_condition_selects_the_matching_points(
    client: QdrantClient, collection: str, condition: Any, expected: set[int]
) -> None:
    points = [
        struct(1, word="a", list=["a", "b"], at={"k1": 1.5}),
        struct(2, word="b", list=["b"], at={"k1": 2}),
        struct(3, word="c", list=[], at={"k1": 3.0}),
        struct(4),
    ]
    client.upsert(collection, points, wait=True)
    wanted = models.Filter(must=[condition])

    assert {record.id for record in client.scroll(collection, wanted)[0]} == expected
    assert client.count(collection, wanted, exact=True).count == len(expected)


def test_a_score_threshold_drops_lower_scores(client: QdrantClient, collection: str) -> None:
    one, two = unit_vector(0).tolist(), (unit_vector(0) + 2 * unit_vector(1)).tolist()
    client.upsert(collection, [struct(1, [one]), struct(2, [two])], wait=True)

    found = client.query_points(collection, query=one, using="dense", score_threshold=0.9).points

    assert [hit.id for hit in found] == [1]


def test_only_requested_payload_fields_are_returned(client: QdrantClient, collection: str) -> None:
    client.upsert(collection, [struct(1, a=1, b=2)], wait=True)

    def fields(wanted: Any) -> Any:
        vector = unit_vector(0).tolist()
        return client.query_points(collection, query=vector, using="dense", with_payload=wanted).points[0].payload

    assert fields(False) is None
    assert fields(True) == {"a": 1, "b": 2}
    assert fields(["a"]) == {"a": 1}
    assert fields(models.PayloadSelectorExclude(exclude=["a"])) == {"b": 2}


def test_prefetched_lists_are_fused_by_rank(client: QdrantClient, collection: str) -> None:
    client.upsert(collection, [struct(1, [unit_vector(0).tolist()]), struct(2, [unit_vector(1).tolist()])], wait=True)
    lists = [models.Prefetch(query=unit_vector(number).tolist(), using="dense", limit=5) for number in (0, 1, 1)]

    found = client.query_points(collection, prefetch=lists, query=models.FusionQuery(fusion=models.Fusion.RRF)).points

    assert [hit.id for hit in found] == [2, 1]
