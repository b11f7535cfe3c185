"""The contract of `Index`, for `FakeIndex` and for `QdrantIndex` over the vectors process or a Qdrant server.

tests/steps/index has what is special to Qdrant, tests/contracts/test_filters.py the filters.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from ingest.config import Settings
from ingest.errors import DependencyDown
from ingest.steps.filters import Comparison
from ingest.steps.index import Index, Point, PointKey, PointRef, QdrantIndex, StoredText, chunk_checksum
from ingest.steps.vectors import SparseVector
from tests.contracts.points import DIMENSIONS, PROJECT, find_rows, make_owner, make_point, unit_vector
from tests.contracts.qdrant_server import unused_url
from tests.fakes import FakeIndex


@pytest.fixture(params=["fake", pytest.param("qdrant", marks=pytest.mark.services)])
def index(request: pytest.FixtureRequest) -> Index:
    if request.param == "fake":
        return FakeIndex(dimensions=DIMENSIONS)
    index: Index = request.getfixturevalue("qdrant_index")
    return index


@pytest.fixture(params=["fake", pytest.param("qdrant", marks=pytest.mark.services)])
def unreachable_index(request: pytest.FixtureRequest) -> Iterator[Index]:
    if request.param == "fake":
        yield FakeIndex(is_down=True)
        return
    with unused_url() as url:
        index = QdrantIndex.connect(Settings(qdrant_url=url), model="m", dimensions=DIMENSIONS, multivector=True)
        yield index
        index.close()


def test_a_written_point_is_found_with_its_text(index: Index) -> None:
    index.upsert(make_owner(row=7, generation=3), [make_point(0, 0, text="zero"), make_point(1, 1, text="one")])

    dense, text = index.search(PROJECT, "vs_1", dense=unit_vector(1), sparse=None, filters=None, limit=1)

    assert [(hit.row, hit.generation, hit.number, hit.text) for hit in dense] == [(7, 3, 1, "one")]
    assert dense[0].score == pytest.approx(1.0)
    assert text == []


def test_upsert_is_idempotent(index: Index) -> None:
    for _ in range(2):
        index.upsert(make_owner(), [make_point(0), make_point(1)])

    assert index.count_points(1, 1) == 2


def test_a_chunk_is_scored_by_its_best_window(index: Index) -> None:
    index.upsert(make_owner(row=1), [make_point(0, 0, 3)])
    index.upsert(
        make_owner(row=2), [Point(0, "half", (unit_vector(0) + unit_vector(3))[None, :], SparseVector([], []))]
    )

    dense, _ = index.search(PROJECT, "vs_1", dense=unit_vector(3), sparse=None, filters=None, limit=2)

    assert [hit.row for hit in dense] == [1, 2]
    assert [hit.score for hit in dense] == pytest.approx([1.0, 0.5**0.5])


def test_a_search_returns_a_dense_and_a_lexical_list(index: Index) -> None:
    index.upsert(make_owner(), [make_point(0, 0, terms=(5,)), make_point(1, 1, terms=(6,))])

    dense, text = index.search(
        PROJECT, "vs_1", dense=unit_vector(0), sparse=SparseVector([6], [1.0]), filters=None, limit=1
    )

    assert [hit.number for hit in dense] == [0]
    assert [hit.number for hit in text] == [1]


def test_a_search_stays_in_its_store(index: Index) -> None:
    index.upsert(make_owner(row=1, store="vs_1"), [make_point(0)])
    index.upsert(make_owner(row=2, store="vs_2"), [make_point(0)])

    assert find_rows(index, store="vs_2") == {2}
    assert find_rows(index, store="vs_3") == set()


def test_terms_are_weighted_by_the_document_frequencies_of_the_store(index: Index) -> None:
    # Term 1 is rare in vs_1 and common in vs_2; term 2 the other way round.
    for store, rare, common in (("vs_1", 1, 2), ("vs_2", 2, 1)):
        first = 10 if store == "vs_1" else 100
        index.upsert(make_owner(row=first, store=store), [make_point(0, terms=(rare,))])
        for row in range(first + 1, first + 9):
            index.upsert(make_owner(row=row, store=store), [make_point(0, terms=(common,))])

    best = {}
    for store in ("vs_1", "vs_2"):
        _, text = index.search(
            PROJECT, store, dense=None, sparse=SparseVector([1, 2], [1.0, 1.0]), filters=None, limit=9
        )
        assert len(text) == 9
        best[store] = text[0]
        assert text[0].score > 2 * text[1].score

    assert (best["vs_1"].row, best["vs_2"].row) == (10, 100)
    assert best["vs_1"].score == pytest.approx(best["vs_2"].score)


def test_a_filter_does_not_change_the_weights_of_terms(index: Index) -> None:
    index.upsert(make_owner(row=1, lang="en"), [make_point(0, terms=(1,))])
    index.upsert(make_owner(row=2, lang="de"), [make_point(0, terms=(2,))])
    terms = SparseVector([1], [1.0])

    _, everything = index.search(PROJECT, "vs_1", dense=None, sparse=terms, filters=None, limit=5)
    _, some = index.search(PROJECT, "vs_1", dense=None, sparse=terms, filters=Comparison("eq", "lang", "en"), limit=5)

    assert some == everything


def test_a_search_of_some_rows_finds_their_points_with_the_scores_of_a_search_of_all(index: Index) -> None:
    for row in (1, 2, 3):
        index.upsert(make_owner(row=row), [make_point(0, row, terms=(row, 9))])
    terms = SparseVector([1, 9], [1.0, 1.0])

    everything = index.search(PROJECT, "vs_1", dense=unit_vector(1), sparse=terms, filters=None, limit=9)
    some = index.search(PROJECT, "vs_1", dense=unit_vector(1), sparse=terms, filters=None, limit=9, rows=[1, 3])

    for all_hits, hits in zip(everything, some, strict=True):
        assert sorted(hit.row for hit in hits) == [1, 3]
        assert set(hits) <= set(all_hits)


def test_given_points_have_the_scores_that_a_search_gives(index: Index) -> None:
    index.upsert(make_owner(generation=2), [make_point(n, n, n + 1, text=f"text {n}") for n in range(4)])
    index.upsert(make_owner(row=2, store="vs_2"), [make_point(0, 1)])
    query = unit_vector(1) + np.float32(0.5) * unit_vector(2)
    hits, _ = index.search(PROJECT, "vs_1", dense=query, sparse=None, filters=None, limit=9)
    keys = [PointKey(1, 2, 3), PointKey(1, 2, 1)]

    scores = index.score_points(keys, query)

    by_key = {PointKey(hit.row, hit.generation, hit.number): hit.score for hit in hits}
    assert scores == pytest.approx({key: by_key[key] for key in keys})


def test_points_that_do_not_exist_have_no_score(index: Index) -> None:
    index.upsert(make_owner(), [make_point(0, 1)])

    assert index.score_points([PointKey(1, 1, 0), PointKey(1, 1, 1)], unit_vector(1)) == pytest.approx(
        {PointKey(1, 1, 0): 1.0}
    )
    assert index.score_points([], unit_vector(1)) == {}


def test_deletion_of_the_last_chunks_leaves_the_first_ones_and_other_generations(index: Index) -> None:
    for generation in (1, 2, 3):
        index.upsert(make_owner(generation=generation), [make_point(number) for number in range(4)])
    index.upsert(make_owner(row=2), [make_point(0)])

    index.delete_chunks_from(1, 2, 3)

    assert [index.count_points(1, generation) for generation in (1, 2, 3)] == [4, 3, 4]
    assert index.count_points(2, 1) == 1


def test_vectors_are_read_back_by_their_text(index: Index) -> None:
    points = [make_point(number, number % 7, (number + 1) % 7, text=f"text {number}") for number in range(150)]
    index.upsert(make_owner(row=1, generation=2), points)
    index.upsert(make_owner(row=1, generation=3), [make_point(3, 0, text="of another generation")])

    vectors = index.read_vectors(1, 2, range(3, 150))

    assert vectors.keys() == {f"text {number}" for number in range(3, 150)}
    for each in points[3:]:
        np.testing.assert_allclose(vectors[each.text], each.dense, atol=1e-6)
    assert index.read_vectors(1, 4, range(3)) == {}


def test_texts_are_read_by_the_identity_of_their_points(index: Index) -> None:
    located = replace(make_point(1, text="second"), location={"start": 3, "end": 9})
    index.upsert(make_owner(row=1, generation=2), [make_point(0, text="first"), located])
    index.upsert(make_owner(row=1, generation=3), [make_point(0, text="of another generation")])

    texts = index.read_texts([PointKey(1, 2, 0), PointKey(1, 2, 1), PointKey(1, 2, 2), PointKey(9, 1, 0)])

    assert texts == {
        PointKey(1, 2, 0): StoredText("first", None, "file-1"),
        PointKey(1, 2, 1): StoredText("second", {"start": 3, "end": 9}, "file-1"),
    }
    assert index.read_texts([]) == {}


def test_delete_generations_deletes_the_given_generations_only(index: Index) -> None:
    for generation in range(1, 6):
        index.upsert(make_owner(row=1, generation=generation), [make_point(0)])

    index.delete_generations([(1, 2, 3), (1, 5, 5)])

    assert [index.count_points(1, generation) for generation in range(1, 6)] == [1, 0, 0, 1, 0]


def test_delete_generations_deletes_ranges_of_many_rows(index: Index) -> None:
    for row in (1, 2, 3):
        for generation in (1, 2, 3):
            index.upsert(make_owner(row=row, generation=generation), [make_point(0)])

    index.delete_generations([(1, 0, 3), (3, 0, 2), *((row, 0, 3) for row in range(1_000, 1_600))])

    left = [(row, generation) for row, generation, *_ in sorted(index.scan_points())]
    assert left == [(2, 1), (2, 2), (2, 3), (3, 3)]


def test_delete_store_leaves_the_other_stores(index: Index) -> None:
    index.upsert(make_owner(row=1, store="vs_1"), [make_point(0)])
    index.upsert(make_owner(row=2, store="vs_2"), [make_point(0)])

    index.delete_store("vs_1")

    assert list(index.scan_points()) == [PointRef(2, 1, PROJECT, "vs_2", 0, "file-2")]


def test_set_attributes_replaces_all_of_them(index: Index) -> None:
    index.upsert(make_owner(generation=1, year=2020, lang="en"), [make_point(0)])
    index.upsert(make_owner(generation=2, year=2020, lang="en"), [make_point(0)])

    index.set_attributes(make_owner(year=2025))

    assert find_rows(index, Comparison("eq", "year", 2025)) == {1}
    assert find_rows(index, Comparison("gt", "year", 2024)) == {1}
    assert find_rows(index, Comparison("eq", "year", 2020)) == set()
    assert find_rows(index, Comparison("eq", "lang", "en")) == set()
    dense, _ = index.search(
        PROJECT, "vs_1", dense=unit_vector(0), sparse=None, filters=Comparison("eq", "year", 2025), limit=9
    )
    assert {hit.generation for hit in dense} == {1, 2}
    assert dense[0].text == "chunk 0"


def test_set_attributes_can_remove_all_attributes(index: Index) -> None:
    index.upsert(make_owner(year=2020), [make_point(0)])

    index.set_attributes(make_owner())

    assert find_rows(index, Comparison("gte", "year", 0)) == set()
    assert find_rows(index, Comparison("eq", "filename", "name-1.txt")) == {1}


def test_a_scan_of_some_rows_sees_their_points_only(index: Index) -> None:
    for row in (1, 2, 3):
        index.upsert(make_owner(row=row), [make_point(0), make_point(1)])

    found = sorted((point.row, point.number) for point in index.scan_points([1, 3]))
    assert found == [(1, 0), (1, 1), (3, 0), (3, 1)]


def test_an_index_without_a_collection_is_empty(index: Index) -> None:
    assert find_rows(index) == set()
    assert index.count_points(1, 1) == 0
    assert list(index.scan_points()) == []


def test_a_scan_sees_every_point_once(index: Index) -> None:
    index.upsert(make_owner(), [make_point(number) for number in range(30)])

    assert sorted(index.scan_points()) == [PointRef(1, 1, PROJECT, "vs_1", number, "file-1") for number in range(30)]


def test_a_scan_with_checksums_has_those_of_the_texts(index: Index) -> None:
    index.upsert(make_owner(), [make_point(0, text="zero"), make_point(1, text="one")])

    found = {point.number: point.text_checksum for point in index.scan_points(with_checksums=True)}

    assert found == {0: chunk_checksum(0, "zero"), 1: chunk_checksum(1, "one")}


def test_points_of_one_row_that_name_another_file_are_told_apart(index: Index) -> None:
    other = replace(make_owner(), file_id="file-other")
    index.upsert(other, [make_point(number) for number in range(3)])
    index.upsert(make_owner(year=2020), [make_point(0, text="own")])

    dense, _ = index.search(PROJECT, "vs_1", dense=unit_vector(0), sparse=None, filters=None, limit=9)
    assert {hit.number: hit.file_id for hit in dense} == {0: "file-1", 1: "file-other", 2: "file-other"}
    assert [point.text for point in index.read_points(1, 1, "file-1")] == ["own"]
    assert index.read_texts([PointKey(1, 1, 2)])[PointKey(1, 1, 2)].file_id == "file-other"

    index.set_attributes(make_owner(year=2021))
    assert (
        len(
            index.search(
                PROJECT, "vs_1", dense=unit_vector(0), sparse=None, filters=Comparison("eq", "year", 2021), limit=9
            )[0]
        )
        == 1
    )

    index.delete_points_of_file(1, "file-other")
    assert [point.file_id for point in index.scan_points()] == ["file-1"]


def test_a_row_number_above_another_is_found(index: Index) -> None:
    assert index.find_row_above(0) is None
    index.upsert(make_owner(row=7), [make_point(0)])

    assert index.find_row_above(6) == 7
    assert index.find_row_above(7) is None


def test_points_are_read_back_as_they_were_written(index: Index) -> None:
    written = [
        Point(0, "zero", unit_vector(0)[None, :], SparseVector([5, 7], [0.5, 1.5])),
        make_point(1, 1, 2, text="one"),
    ]
    index.upsert(make_owner(row=1, generation=2), written)
    index.upsert(make_owner(row=1, generation=3), [make_point(0)])

    stored = sorted(index.read_points(1, 2, "file-1"), key=lambda each: each.number)

    assert [(each.number, each.text, each.location) for each in stored] == [(0, "zero", None), (1, "one", None)]
    for each, original in zip(stored, written, strict=True):
        np.testing.assert_allclose(each.dense, original.dense, atol=1e-6)
    assert [list(stored[0].sparse.indices), list(stored[0].sparse.values)] == [[5, 7], [0.5, 1.5]]


def test_a_location_is_read_back(index: Index) -> None:
    index.upsert(
        make_owner(),
        [replace(make_point(0), location={"start": 0, "end": 5, "pages": [3, 4], "headings": ["Zusätze"]})],
    )

    assert [each.location for each in index.read_points(1, 1, "file-1")] == [
        {"start": 0, "end": 5, "pages": [3, 4], "headings": ["Zusätze"]}
    ]


def test_a_query_without_parts_finds_nothing(index: Index) -> None:
    index.upsert(make_owner(), [make_point(0, terms=(1,))])

    assert index.search(PROJECT, "vs_1", dense=None, sparse=None, filters=None, limit=5) == ([], [])
    assert index.search(PROJECT, "vs_1", dense=None, sparse=SparseVector([], []), filters=None, limit=5) == ([], [])


def test_a_vector_of_the_wrong_length_raises_dependency_down(index: Index) -> None:
    short = replace(make_point(0), dense=np.ones((1, DIMENSIONS - 1), np.float32))

    with pytest.raises(DependencyDown, match="embedder: gave vectors of 7 dimensions"):
        index.upsert(make_owner(), [make_point(1), short])
    with pytest.raises(DependencyDown, match="embedder: gave vectors of 7 dimensions"):
        index.search(PROJECT, "vs_1", dense=short.dense[0], sparse=None, filters=None, limit=1)

    assert index.count_points(1, 1) == 0


def test_an_unreachable_index_raises_dependency_down(unreachable_index: Index) -> None:
    for call in (
        unreachable_index.ping,
        unreachable_index.ensure_collection,
        lambda: unreachable_index.upsert(make_owner(), [make_point(0)]),
        lambda: unreachable_index.count_points(1, 1),
        lambda: unreachable_index.delete_store("vs_1"),
        lambda: list(unreachable_index.scan_points()),
        lambda: find_rows(unreachable_index),
    ):
        with pytest.raises(DependencyDown, match=r"^qdrant: "):
            call()


def test_the_index_answers_a_ping(index: Index) -> None:
    index.ping()
