"""What `Index` promises: the same over our vectors process and over a Qdrant server."""

import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pydantic import SecretStr
from qdrant_client import QdrantClient

from ingest.config import Settings
from ingest.errors import DependencyDown
from ingest.steps.filters import Comparison
from ingest.steps.index import MAX_POINTS, Index, Point, SparseVector, collection_name
from tests.contracts.points import DIMENSIONS, PROJECT, axis, owner, point, rows_found

pytestmark = pytest.mark.services


def test_ensure_may_be_called_by_several_at_once(index: Index, settings: Settings) -> None:
    model = f"{index._collection}"
    indexes = [Index.connect(settings, model=model, dimensions=DIMENSIONS, multivector=True) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Index.ensure_collection, indexes))

    indexes[0].upsert(owner(), [point(0)])
    assert [one.count(1, 1) for one in indexes] == [1] * 4
    indexes[0]._client.delete_collection(indexes[0]._collection)
    for one in indexes:
        one.close()


def test_a_collection_made_for_other_vectors_is_refused(settings: Settings, index: Index) -> None:
    index.ensure_collection()
    other = Index(index._client, index._writes, index._collection, DIMENSIONS, multivector=False)

    with pytest.raises(DependencyDown, match="other vectors"):
        other.ensure_collection()


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
    index.upsert(owner(row=2), [Point(0, "half", (axis(0) + axis(3))[None, :], SparseVector([], []))])

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

    dense, text = index.search(PROJECT, "vs_1", dense=axis(0), terms=SparseVector([6], [1.0]), filters=None, limit=1)

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
        _, text = index.search(PROJECT, store, dense=None, terms=SparseVector([1, 2], [1.0, 1.0]), filters=None, limit=9)
        assert len(text) == 9
        best[store] = text[0]
        assert text[0].score > 2 * text[1].score

    assert (best["vs_1"].row, best["vs_2"].row) == (10, 100)
    assert best["vs_1"].score == pytest.approx(best["vs_2"].score)


def test_a_filter_does_not_change_the_weight_of_words(index: Index) -> None:
    index.upsert(owner(row=1, lang="en"), [point(0, terms=(1,))])
    index.upsert(owner(row=2, lang="de"), [point(0, terms=(2,))])
    terms = SparseVector([1], [1.0])

    _, everything = index.search(PROJECT, "vs_1", dense=None, terms=terms, filters=None, limit=5)
    _, some = index.search(PROJECT, "vs_1", dense=None, terms=terms, filters=Comparison("eq", "lang", "en"), limit=5)

    assert some == everything


def test_trim_leaves_the_first_chunks_of_this_generation_and_other_generations(index: Index) -> None:
    for generation in (1, 2, 3):
        index.upsert(owner(generation=generation), [point(number) for number in range(4)])
    index.upsert(owner(row=2), [point(0)])

    index.delete_chunks_from(1, 2, 3)

    assert [index.count(1, generation) for generation in (1, 2, 3)] == [4, 3, 4]
    assert index.count(2, 1) == 1


def test_vectors_are_read_back_by_their_text(index: Index) -> None:
    points = [point(number, number % 7, (number + 1) % 7, text=f"text {number}") for number in range(150)]
    index.upsert(owner(row=1, generation=2), points)
    index.upsert(owner(row=1, generation=3), [point(3, 0, text="of another generation")])

    found = index.read_vectors(1, 2, range(3, 150))

    assert found.keys() == {f"text {number}" for number in range(3, 150)}
    for each in points[3:]:
        np.testing.assert_allclose(found[each.text], each.dense, atol=1e-6)
    assert index.read_vectors(1, 4, range(3)) == {}


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
        index.ensure_collection()

    index.close()


def test_collections_of_similar_models_are_told_apart() -> None:
    names = {collection_name(model, 8) for model in ("a/b", "a-b", "a b", "a//b", "ä" * 300)}

    assert len(names) == 5
    assert all(name.isascii() and len(name) < 200 and "/" not in name for name in names)
