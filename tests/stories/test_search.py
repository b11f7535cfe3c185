"""Search through the real client."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types import VectorStore

from tests.stories.running import Service

ANIMALS: dict[str, tuple[str, dict[str, str | float | bool]]] = {
    "heron.txt": ("The heron waits in shallow water for fish.", {"kind": "bird", "kg": 1.5, "legs": 2, "flies": True}),
    "gannet.txt": ("The gannet dives into the sea for fish.", {"kind": "bird", "kg": 3, "legs": 2, "flies": True}),
    "ostrich.txt": ("The ostrich runs across the dry savanna.", {"kind": "bird", "kg": 110.5, "legs": 2, "flies": False}),
    "bat.txt": ("The bat hunts insects at night by echo.", {"kind": "mammal", "kg": 0.02, "legs": 2, "flies": True}),
    "seal.txt": ("The seal rests on the rocks after fishing.", {"kind": "mammal", "kg": -1, "legs": "none"}),
    "stone.txt": ("A stone in the water does nothing.", {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def animals(service: Service) -> Iterator[tuple[openai.OpenAI, VectorStore, dict[str, str]]]:
    """Create a store about animals and return the names of its files by id."""
    with service.client(max_retries=0, _strict_response_validation=True) as client:
        store = client.vector_stores.create(name="animals")
        ids = {
            name: client.files.create(file=(name, text.encode()), purpose="assistants").id
            for name, (text, _) in ANIMALS.items()
        }
        batch = client.vector_stores.file_batches.create_and_poll(
            store.id, files=[{"file_id": ids[name], "attributes": about} for name, (_, about) in ANIMALS.items()]
        )
        assert batch.file_counts.completed == len(ANIMALS)
        yield client, store, {file: name for name, file in ids.items()}


Animals = tuple[openai.OpenAI, VectorStore, dict[str, str]]


def names(animals: Animals, filters: Any) -> set[str]:
    """Return the names of the matching files without their extension."""
    client, store, _ = animals
    hits = client.vector_stores.search(store.id, query="animal", filters=filters, max_num_results=50).data
    return {hit.filename.removesuffix(".txt") for hit in hits}


def test_the_best_passage_comes_first_with_every_field(animals: Animals) -> None:
    client, store, named = animals

    page = client.vector_stores.search(store.id, query="Which bird dives into the sea?")

    best = page.data[0]
    assert named[best.file_id] == best.filename == "gannet.txt"
    assert best.attributes == ANIMALS["gannet.txt"][1]
    assert [(part.type, part.text) for part in best.content] == [("text", ANIMALS["gannet.txt"][0])]
    scores = [hit.score for hit in page.data]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert not page.has_next_page()


def test_the_raw_json_of_search_results_has_exactly_the_documented_keys(animals: Animals) -> None:
    client, store, _ = animals

    raw: Any = client.post(
        f"/vector_stores/{store.id}/search", body={"query": "echo", "max_num_results": 1}, cast_to=object
    )

    [hit] = raw.pop("data")
    assert raw == {
        "object": "vector_store.search_results.page",
        "search_query": ["echo"],
        "has_more": False,
        "next_page": None,
    }
    assert set(hit) == {"file_id", "filename", "score", "attributes", "content", "location"}
    assert (hit["location"]["start"], hit["location"]["end"]) == (0, len(ANIMALS["bat.txt"][0]))
    assert hit["content"] == [{"type": "text", "text": ANIMALS["bat.txt"][0]}]


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("eq", "kind", "bird", "heron gannet ostrich"),
        ("eq", "legs", 2, "heron gannet ostrich bat"),
        ("eq", "legs", 2.0, "heron gannet ostrich bat"),
        ("eq", "legs", "none", "seal"),
        ("eq", "flies", True, "heron gannet bat"),
        ("eq", "flies", False, "ostrich"),
        ("eq", "flies", 1, ""),
        ("eq", "kg", 110.5, "ostrich"),
        ("eq", "nothing", "x", ""),
        ("ne", "kind", "bird", "bat seal stone"),
        ("ne", "nothing", "x", "heron gannet ostrich bat seal stone"),
        ("gt", "kg", 1.5, "gannet ostrich"),
        ("gte", "kg", 1.5, "heron gannet ostrich"),
        ("lt", "kg", 0.02, "seal"),
        ("lte", "kg", 0.02, "bat seal"),
        ("gt", "kg", -1, "heron gannet ostrich bat"),
        ("gt", "legs", 1, "heron gannet ostrich bat"),
        ("gt", "kind", "a", "heron gannet ostrich bat seal"),
        ("in", "kind", ["bird", "fish"], "heron gannet ostrich"),
        ("in", "kg", [3, 110.5], "gannet ostrich"),
        ("nin", "kind", ["bird"], "bat seal stone"),
        ("eq", "filename", "seal.txt", "seal"),
        ("in", "filename", ["seal.txt", "bat.txt"], "seal bat"),
        ("ne", "filename", "seal.txt", "heron gannet ostrich bat stone"),
    ],
)
def test_every_filter_operator_compares(animals: Animals, operator: str, key: str, value: Any, expected: str) -> None:
    assert names(animals, {"type": operator, "key": key, "value": value}) == set(expected.split())


def test_filters_may_be_combined(animals: Animals) -> None:
    bird = {"type": "eq", "key": "kind", "value": "bird"}
    light = {"type": "lt", "key": "kg", "value": 2}
    flies = {"type": "eq", "key": "flies", "value": True}

    assert names(animals, {"type": "and", "filters": [bird, light]}) == {"heron"}
    assert names(animals, {"type": "or", "filters": [bird, light]}) == {"heron", "gannet", "ostrich", "bat", "seal"}
    nested = {"type": "and", "filters": [{"type": "or", "filters": [bird, light]}, flies]}
    assert names(animals, nested) == {"heron", "gannet", "bat"}
    deeper = {"type": "or", "filters": [nested, {"type": "eq", "property": "filename", "value": "stone.txt"}]}
    assert names(animals, deeper) == {"heron", "gannet", "bat", "stone"}


def test_max_num_results_is_respected(animals: Animals) -> None:
    client, store, _ = animals

    assert len(client.vector_stores.search(store.id, query="water", max_num_results=2).data) == 2
    assert len(client.vector_stores.search(store.id, query="water", max_num_results=50).data) == len(ANIMALS)


def test_a_score_threshold_drops_low_scores(animals: Animals) -> None:
    client, store, _ = animals
    everything = client.vector_stores.search(store.id, query="gannet").data

    strong = client.vector_stores.search(store.id, query="gannet", ranking_options={"score_threshold": 0.5}).data

    assert 0 < len(strong) < len(everything)
    assert [hit.file_id for hit in strong] == [hit.file_id for hit in everything if hit.score >= 0.5]


@pytest.mark.parametrize("ranker", ["auto", "none", "default-2024-11-15", "default-2024-08-21"])
def test_every_ranker_is_accepted(animals: Animals, ranker: Any) -> None:
    client, store, _ = animals

    hits = client.vector_stores.search(store.id, query="echo at night", ranking_options={"ranker": ranker}).data

    assert hits[0].filename == "bat.txt"


def test_dense_and_lexical_weights_change_the_ranking(animals: Animals) -> None:
    client, store, _ = animals

    def search(query: str, **weights: float) -> list[str]:
        body = {"query": query, "ranking_options": {"hybrid_search": weights}}
        raw: Any = client.post(f"/vector_stores/{store.id}/search", body=body, cast_to=object)
        return [hit["filename"] for hit in raw["data"]]

    assert search("savanna", embedding_weight=0, text_weight=1) == ["ostrich.txt"]
    assert search("xylophone", embedding_weight=0, text_weight=1) == []
    assert search("?!", embedding_weight=0, text_weight=1) == []
    assert len(search("xylophone", embedding_weight=1, text_weight=0)) == len(ANIMALS)
    assert search("a flightless runner", rrf_embedding_weight=1, rrf_text_weight=0)[0] == "ostrich.txt"


def test_several_queries_are_answered_together(animals: Animals) -> None:
    client, store, _ = animals

    hits = client.vector_stores.search(store.id, query=["echo at night", "dry savanna"], max_num_results=2).data

    assert {hit.filename for hit in hits} == {"bat.txt", "ostrich.txt"}


def test_each_of_several_queries_returns_its_best_passage(animals: Animals) -> None:
    client, store, _ = animals
    queries = ["echo at night", "dry savanna", "echo at night"]

    hits = client.vector_stores.search(store.id, query=queries, max_num_results=50).data

    assert len({hit.file_id for hit in hits}) == len(hits) == len(ANIMALS)
    assert {hit.filename for hit in hits[:2]} == {"bat.txt", "ostrich.txt"}
    alone = [client.vector_stores.search(store.id, query=query, max_num_results=50).data for query in queries]
    for hit in hits:
        scores = [other.score for found in alone for other in found if other.file_id == hit.file_id]
        assert hit.score == pytest.approx(max(scores), abs=1e-6)


def test_rewrite_query_without_a_chat_model_keeps_the_query(animals: Animals) -> None:
    client, store, _ = animals

    rewritten = client.vector_stores.search(store.id, query="echo", rewrite_query=True)

    assert rewritten.data == client.vector_stores.search(store.id, query="echo").data
    assert rewritten.data[0].filename == "bat.txt"
    assert rewritten.model_extra is not None
    assert rewritten.model_extra["search_query"] == ["echo"]


def test_a_long_file_is_searchable_by_passage(client: openai.OpenAI, store: VectorStore) -> None:
    text = "\n\n".join(f"Chapter {n}. " + f"The mariner {n} sails on. " * 60 + f"codeword{n}" for n in range(20))
    member = client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("long.md", text.encode()))

    hits = client.vector_stores.search(store.id, query="codeword13", max_num_results=5).data

    assert "codeword13" in hits[0].content[0].text
    assert {hit.file_id for hit in hits} == {member.id}
    assert len({hit.content[0].text for hit in hits}) == 5


def test_a_search_is_limited_to_its_store(client: openai.OpenAI, store: VectorStore) -> None:
    other = client.vector_stores.create()
    file = client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("a.txt", b"the same secret")).id

    assert [hit.file_id for hit in client.vector_stores.search(store.id, query="secret").data] == [file]
    assert client.vector_stores.search(other.id, query="secret").data == []


def test_one_file_in_two_stores_has_attributes_of_its_own_in_each(client: openai.OpenAI, store: VectorStore) -> None:
    other = client.vector_stores.create()
    file = client.files.create(file=("a.txt", b"shared by two"), purpose="assistants").id
    for owner_store, team in ((store, "a"), (other, "b")):
        client.vector_stores.files.create_and_poll(file, vector_store_id=owner_store.id, attributes={"team": team})

    client.vector_stores.files.delete(file, vector_store_id=store.id)

    assert client.vector_stores.search(store.id, query="shared").data == []
    [hit] = client.vector_stores.search(other.id, query="shared").data
    assert hit.attributes == {"team": "b"}


def test_queries_may_contain_any_language_and_symbol(animals: Animals) -> None:
    client, store, _ = animals

    for query in ("Vögel über dem Meer", "海の鳥", "🐦", " ", '"quoted" AND (x OR y)', "%", "a" * 5_000):
        assert len(client.vector_stores.search(store.id, query=query, max_num_results=3).data) <= 3
