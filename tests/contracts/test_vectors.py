"""What `Index` promises, and what it relies on in Qdrant: the same for our vectors process and for a server."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from ingest.config import Settings
from ingest.errors import DependencyDown
from ingest.steps import filters
from ingest.steps.filters import Comparison, Compound, Filter
from ingest.steps.index import MAX_POINTS, Floats, Index, Owner, Point, Terms, collection_name

pytestmark = pytest.mark.services

DIMENSIONS = 8


PROJECT = "proj_1"


def owner(
    row: int = 1, generation: int = 1, store: str = "vs_1", project: str = PROJECT, **attributes: str | float | bool
) -> Owner:
    return Owner(row, generation, project, store, f"file-{row}", f"name-{row}.txt", attributes)


def axis(number: int) -> Floats:
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[number] = 1.0
    return vector


def point(number: int, *axes: int, terms: tuple[int, ...] = (), text: str = "") -> Point:
    windows = np.stack([axis(a) for a in axes or (0,)])
    return Point(number, text or f"chunk {number}", windows, Terms(terms, [1.0] * len(terms)))


def rows_found(index: Index, filter_: Filter | None = None, store: str = "vs_1") -> set[int]:
    dense, _ = index.search(
        PROJECT, store, dense=np.ones(DIMENSIONS, np.float32), terms=None, filters=filter_, limit=1_000
    )
    return {hit.row for hit in dense}


# --- Index ---


def test_ensure_may_be_called_by_several_at_once(index: Index, settings: Settings) -> None:
    model = f"{index._collection}"
    indexes = [Index.connect(settings, model=model, dimensions=DIMENSIONS, multivector=True) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Index.ensure, indexes))

    indexes[0].upsert(owner(), [point(0)])
    assert [one.count(1, 1) for one in indexes] == [1] * 4
    indexes[0]._client.delete_collection(indexes[0]._collection)
    for one in indexes:
        one.close()


def test_a_collection_made_for_other_vectors_is_refused(settings: Settings, index: Index) -> None:
    index.ensure()
    other = Index(index._client, index._writes, index._collection, DIMENSIONS, multivector=False)

    with pytest.raises(DependencyDown, match="other vectors"):
        other.ensure()


def test_what_was_written_is_found_with_its_text(index: Index) -> None:
    index.upsert(owner(row=7, generation=3), [point(0, 0, text="zero"), point(1, 1, text="one")])

    dense, text = index.search(PROJECT, "vs_1", dense=axis(1), terms=None, filters=None, limit=1)

    assert [(hit.row, hit.generation, hit.number, hit.text) for hit in dense] == [(7, 3, 1, "one")]
    assert dense[0].score == pytest.approx(1.0)
    assert text == []


def test_writing_twice_is_writing_once(index: Index) -> None:
    for _ in range(2):
        index.upsert(owner(), [point(0), point(1)])

    assert index.count(1, 1) == 2


def test_many_points_go_in_several_requests(index: Index) -> None:
    index.upsert(owner(), [point(number) for number in range(2 * MAX_POINTS + 1)])

    assert index.count(1, 1) == 2 * MAX_POINTS + 1


def test_large_texts_go_in_several_requests(index: Index) -> None:
    index.upsert(owner(), [point(number, text="x" * 1_500_000) for number in range(4)])

    assert index.count(1, 1) == 4


def test_a_chunk_is_scored_by_its_best_window(index: Index) -> None:
    index.upsert(owner(row=1), [point(0, 0, 3)])
    index.upsert(owner(row=2), [Point(0, "half", (axis(0) + axis(3))[None, :], Terms([], []))])

    dense, _ = index.search(PROJECT, "vs_1", dense=axis(3), terms=None, filters=None, limit=2)

    assert [hit.row for hit in dense] == [1, 2]
    assert [hit.score for hit in dense] == pytest.approx([1.0, 0.5**0.5])


def test_a_plain_collection_takes_one_vector_for_each_chunk(settings: Settings, client: QdrantClient) -> None:
    index = Index.connect(settings, model="plain", dimensions=DIMENSIONS, multivector=False)

    index.upsert(owner(), [point(0, 2)])

    dense, _ = index.search(PROJECT, "vs_1", dense=axis(2), terms=None, filters=None, limit=5)
    assert [hit.score for hit in dense] == pytest.approx([1.0])
    index.close()
    client.delete_collection(collection_name("plain", DIMENSIONS))


def test_both_lists_come_in_one_answer(index: Index) -> None:
    index.upsert(owner(), [point(0, 0, terms=(5,)), point(1, 1, terms=(6,))])

    dense, text = index.search(PROJECT, "vs_1", dense=axis(0), terms=Terms([6], [1.0]), filters=None, limit=1)

    assert [hit.number for hit in dense] == [0]
    assert [hit.number for hit in text] == [1]


def test_a_search_stays_in_its_store(index: Index) -> None:
    index.upsert(owner(row=1, store="vs_1"), [point(0)])
    index.upsert(owner(row=2, store="vs_2"), [point(0)])

    assert rows_found(index, store="vs_2") == {2}
    assert rows_found(index, store="vs_3") == set()


def test_words_are_weighed_by_the_stores_own_statistics(index: Index) -> None:
    # Term 1 is rare in vs_1 and common in vs_2; term 2 the other way round.
    for store, rare, common in (("vs_1", 1, 2), ("vs_2", 2, 1)):
        first = 10 if store == "vs_1" else 100
        index.upsert(owner(row=first, store=store), [point(0, terms=(rare,))])
        for row in range(first + 1, first + 9):
            index.upsert(owner(row=row, store=store), [point(0, terms=(common,))])

    best = {}
    for store in ("vs_1", "vs_2"):
        _, text = index.search(PROJECT, store, dense=None, terms=Terms([1, 2], [1.0, 1.0]), filters=None, limit=9)
        assert len(text) == 9
        best[store] = text[0]
        assert text[0].score > 2 * text[1].score

    assert (best["vs_1"].row, best["vs_2"].row) == (10, 100)
    assert best["vs_1"].score == pytest.approx(best["vs_2"].score)


def test_a_filter_does_not_change_the_weight_of_words(index: Index) -> None:
    index.upsert(owner(row=1, lang="en"), [point(0, terms=(1,))])
    index.upsert(owner(row=2, lang="de"), [point(0, terms=(2,))])
    terms = Terms([1], [1.0])

    _, everything = index.search(PROJECT, "vs_1", dense=None, terms=terms, filters=None, limit=5)
    _, some = index.search(PROJECT, "vs_1", dense=None, terms=terms, filters=Comparison("eq", "lang", "en"), limit=5)

    assert some == everything


def test_trim_leaves_the_first_chunks_of_this_generation_and_other_generations(index: Index) -> None:
    for generation in (1, 2, 3):
        index.upsert(owner(generation=generation), [point(number) for number in range(4)])
    index.upsert(owner(row=2), [point(0)])

    index.trim(1, 2, 3)

    assert [index.count(1, generation) for generation in (1, 2, 3)] == [4, 3, 4]
    assert index.count(2, 1) == 1


def test_vectors_are_read_back_by_their_text(index: Index) -> None:
    points = [point(number, number % 7, (number + 1) % 7, text=f"text {number}") for number in range(150)]
    index.upsert(owner(row=1, generation=2), points)
    index.upsert(owner(row=1, generation=3), [point(3, 0, text="of another generation")])

    found = index.windows(1, 2, range(3, 150))

    assert found.keys() == {f"text {number}" for number in range(3, 150)}
    for each in points[3:]:
        np.testing.assert_allclose(found[each.text], each.windows, atol=1e-6)
    assert index.windows(1, 4, range(3)) == {}


def test_delete_rows_takes_the_given_generations_only(index: Index) -> None:
    for generation in range(1, 6):
        index.upsert(owner(row=1, generation=generation), [point(0)])

    index.delete_rows([(1, 2, 3), (1, 5, 5)])

    assert [index.count(1, generation) for generation in range(1, 6)] == [1, 0, 0, 1, 0]


def test_delete_rows_takes_generations_up_to_the_given_one(index: Index) -> None:
    for row in (1, 2, 3):
        for generation in (1, 2, 3):
            index.upsert(owner(row=row, generation=generation), [point(0)])

    index.delete_rows([(1, 0, 3), (3, 0, 2), *((row, 0, 3) for row in range(1_000, 1_600))])

    left = [(row, generation) for row, generation, *_ in sorted(index.scan())]
    assert left == [(2, 1), (2, 2), (2, 3), (3, 3)]


def test_delete_store_leaves_the_other_stores(index: Index) -> None:
    index.upsert(owner(row=1, store="vs_1"), [point(0)])
    index.upsert(owner(row=2, store="vs_2"), [point(0)])

    index.delete_store("vs_1")

    assert list(index.scan()) == [(2, 1, PROJECT, "vs_2", 0)]


def test_set_attributes_replaces_all_of_them(index: Index) -> None:
    index.upsert(owner(generation=1, year=2020, lang="en"), [point(0)])
    index.upsert(owner(generation=2, year=2020, lang="en"), [point(0)])

    index.set_attributes(owner(year=2025))

    assert rows_found(index, Comparison("eq", "year", 2025)) == {1}
    assert rows_found(index, Comparison("gt", "year", 2024)) == {1}
    assert rows_found(index, Comparison("eq", "year", 2020)) == set()
    assert rows_found(index, Comparison("eq", "lang", "en")) == set()
    dense, _ = index.search(PROJECT, "vs_1", dense=axis(0), terms=None, filters=Comparison("eq", "year", 2025), limit=9)
    assert {hit.generation for hit in dense} == {1, 2}
    assert dense[0].text == "chunk 0"


def test_set_attributes_to_none_at_all(index: Index) -> None:
    index.upsert(owner(year=2020), [point(0)])

    index.set_attributes(owner())

    assert rows_found(index, Comparison("gte", "year", 0)) == set()
    assert rows_found(index, Comparison("eq", "filename", "name-1.txt")) == {1}


def test_scan_sees_every_point_once(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.steps.index.PAGE", 7)
    index.upsert(owner(), [point(number) for number in range(30)])

    assert sorted(index.scan()) == [(1, 1, PROJECT, "vs_1", number) for number in range(30)]


def test_scan_of_some_rows_sees_only_theirs(index: Index) -> None:
    for row in (1, 2, 3):
        index.upsert(owner(row=row), [point(0), point(1)])

    assert sorted((row, number) for row, *_, number in index.scan([1, 3])) == [(1, 0), (1, 1), (3, 0), (3, 1)]


def test_reading_where_there_is_no_collection_finds_nothing(index: Index) -> None:
    assert rows_found(index) == set()
    assert index.count(1, 1) == 0
    assert list(index.scan()) == []


def test_writing_makes_a_collection_that_has_vanished_again(index: Index, client: QdrantClient) -> None:
    index.upsert(owner(), [point(0)])
    client.delete_collection(index._collection)

    index.upsert(owner(), [point(0)])

    assert index.count(1, 1) == 1


def test_an_unreachable_server_is_a_dependency_that_is_down(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        index = Index.connect(
            settings.model_copy(update={"qdrant_url": url}), model="m", dimensions=DIMENSIONS, multivector=True
        )

        with pytest.raises(DependencyDown, match="qdrant: no answer"):
            index.upsert(owner(), [point(0)])
        with pytest.raises(DependencyDown, match="qdrant: no answer"):
            index.count(1, 1)

    index.close()


def test_a_wrong_key_is_a_dependency_that_is_down(settings: Settings) -> None:
    if not settings.qdrant_api_key.get_secret_value():
        pytest.skip("this server takes no key")
    wrong = settings.model_copy(update={"qdrant_api_key": SecretStr("wrong")})
    index = Index.connect(wrong, model="m", dimensions=DIMENSIONS, multivector=True)

    with pytest.raises(DependencyDown, match=r"qdrant: answered 40[13]"):
        index.ensure()

    index.close()


def test_collections_of_similar_models_are_told_apart() -> None:
    names = {collection_name(model, 8) for model in ("a/b", "a-b", "a b", "a//b", "ä" * 300)}

    assert len(names) == 5
    assert all(name.isascii() and len(name) < 200 and "/" not in name for name in names)


# --- filters: what is found is what `matches` says ---

KEYS = ["a", "a.b", "a[0]", 'q"uote', "a=b", "ключ", "\x00\x1f", " ", "k61", "filename", "2:x", "a]", "`"]
TEXTS = ["", "x", "b=x", "1", "1.0", "true", "name-1.txt", "ü\x1f", "=x", "\x00"]
NUMBERS = [0, -0.0, 1, 1.0, 1.5, -3, 2**53, 2**53 + 1, 1e300, 5e-324, 10**25, 0.1]

keys = st.sampled_from(KEYS) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
numbers = st.sampled_from(NUMBERS) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.booleans() | numbers | texts
attribute_sets = st.dictionaries(keys, scalars, max_size=6)
comparisons = st.builds(Comparison, st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]), keys, scalars) | st.builds(
    Comparison, st.sampled_from(["in", "nin"]), keys, st.lists(scalars, min_size=1, max_size=4).map(tuple)
)
nested = st.recursive(
    comparisons,
    lambda parts: st.builds(
        Compound, st.sampled_from(["and", "or"]), st.lists(parts, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[Filter]]:
    """Files' attributes, and filters that mostly ask for something which some file has."""
    files = draw(st.lists(attribute_sets, min_size=1, max_size=6))
    pairs = [pair for attributes in files for pair in attributes.items()]
    some = nested
    if pairs:
        operators = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"])
        close = st.builds(lambda pair, op: Comparison(op, *pair), st.sampled_from(pairs), operators)
        some = close | nested | st.builds(lambda *parts: Compound("and", parts), close, nested)
    return files, draw(st.lists(some, min_size=1, max_size=8))


_stores = count()


@pytest.fixture(scope="module")
def shared_index(qdrant: Any) -> Iterator[Index]:
    settings = Settings(qdrant_url=qdrant.url, qdrant_api_key=SecretStr(qdrant.api_key))
    index = Index.connect(settings, model=f"filters {id(qdrant)}", dimensions=DIMENSIONS, multivector=True)
    yield index
    index._client.delete_collection(index._collection)
    index.close()


@hypothesis_settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_filtered_search_finds_what_matches_says(
    shared_index: Index, case: tuple[list[dict[str, Any]], list[Filter]]
) -> None:
    files, wanted = case
    store = f"vs_{next(_stores)}"
    for row, attributes in enumerate(files):
        shared_index.upsert(Owner(row, 1, PROJECT, store, "file-x", f"name-{row}.txt", attributes), [point(0)])

    for filter_ in wanted:
        found = rows_found(shared_index, filter_, store)

        expected = {
            row for row, attributes in enumerate(files) if filters.matches(filter_, attributes, f"name-{row}.txt")
        }
        assert found == expected, filter_

    shared_index.delete_store(store)


# --- Qdrant itself ---


@pytest.fixture
def collection(index: Index) -> str:
    index.ensure()
    return index._collection


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


def test_collections_come_and_go(client: QdrantClient, collection: str) -> None:
    assert client.collection_exists(collection)
    assert collection in {one.name for one in client.get_collections().collections}

    assert client.delete_collection(collection)

    assert not client.collection_exists(collection)
    assert not client.delete_collection(collection)


def test_a_collection_tells_how_it_was_made(client: QdrantClient, collection: str) -> None:
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
    api = client._client.openapi_client.client  # type: ignore[attr-defined]

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


def test_a_batch_is_as_good_as_a_list(client: QdrantClient, collection: str) -> None:
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


def test_retrieve_answers_vectors_when_asked(client: QdrantClient, collection: str) -> None:
    sparse = models.SparseVector(indices=[3, 9], values=[0.5, 2.0])
    first = [1.0, *[0.0] * (DIMENSIONS - 1)]
    client.upsert(collection, [models.PointStruct(id=1, vector={"dense": [first], "text": sparse})], wait=True)

    plain = client.retrieve(collection, [1, 2])
    full = client.retrieve(collection, [1], with_vectors=True)

    assert [(record.id, record.vector) for record in plain] == [(1, None)]
    assert full[0].vector == {"dense": [first], "text": sparse}


def test_scroll_pages_through_everything_once(client: QdrantClient, collection: str) -> None:
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
def test_a_condition_selects(client: QdrantClient, collection: str, condition: Any, expected: set[int]) -> None:
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


def test_a_score_threshold_cuts_the_list(client: QdrantClient, collection: str) -> None:
    one, two = axis(0).tolist(), (axis(0) + 2 * axis(1)).tolist()
    client.upsert(collection, [struct(1, [one]), struct(2, [two])], wait=True)

    found = client.query_points(collection, query=one, using="dense", score_threshold=0.9).points

    assert [hit.id for hit in found] == [1]


def test_payload_fields_are_left_out_when_not_wanted(client: QdrantClient, collection: str) -> None:
    client.upsert(collection, [struct(1, a=1, b=2)], wait=True)

    def fields(wanted: Any) -> Any:
        vector = axis(0).tolist()
        return client.query_points(collection, query=vector, using="dense", with_payload=wanted).points[0].payload

    assert fields(False) is None
    assert fields(True) == {"a": 1, "b": 2}
    assert fields(["a"]) == {"a": 1}
    assert fields(models.PayloadSelectorExclude(exclude=["a"])) == {"b": 2}


def test_prefetched_lists_are_fused_by_rank(client: QdrantClient, collection: str) -> None:
    client.upsert(collection, [struct(1, [axis(0).tolist()]), struct(2, [axis(1).tolist()])], wait=True)
    lists = [models.Prefetch(query=axis(number).tolist(), using="dense", limit=5) for number in (0, 1, 1)]

    found = client.query_points(collection, prefetch=lists, query=models.FusionQuery(fusion=models.Fusion.RRF)).points

    assert [hit.id for hit in found] == [2, 1]
