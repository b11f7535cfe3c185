"""The contract of `Embedder`, for `FakeEmbedder`, the local model, a model in a folder, and an OpenAI-compatible server on this machine."""

from collections.abc import Iterator

import numpy as np
import pytest

from ingest.config import Settings
from ingest.errors import Abandoned, DependencyDown
from ingest.steps.embed import Embedder, build
from tests.embeddings import embedding_server
from tests.fakes import FakeEmbedder
from tests.model_folders import write_minilm


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with embedding_server() as model:
        yield model.url


@pytest.fixture(scope="module")
def slow_url() -> Iterator[str]:
    with embedding_server() as model:
        model.seconds = 1.0
        yield model.url


@pytest.fixture(scope="module")
def local_embedder() -> Iterator[Embedder]:
    embedder = build(Settings())
    yield embedder
    embedder.close()


@pytest.fixture(scope="module")
def folder_embedder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedder]:
    embedder = build(Settings(embedding_model_path=write_minilm(tmp_path_factory.mktemp("models") / "minilm")))
    yield embedder
    embedder.close()


@pytest.fixture(scope="module")
def remote_embedder(model_url: str) -> Iterator[Embedder]:
    embedder = build(Settings(embedding_url=model_url, embedding_context_tokens=256, embedding_batch_inputs=3))
    yield embedder
    embedder.close()


@pytest.fixture(params=["fake", "local_embedder", "folder_embedder", "remote_embedder"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "fake":
        return FakeEmbedder()
    embedder: Embedder = request.getfixturevalue(request.param)
    return embedder


@pytest.fixture(params=["local_embedder", "folder_embedder", "remote_embedder"])
def model_embedder(request: pytest.FixtureRequest) -> Embedder:
    """An embedder of a model with a context. The fake has none: it counts letters, whatever their number and meaning."""
    embedder: Embedder = request.getfixturevalue(request.param)
    return embedder


def test_each_text_has_rows_of_length_1(embedder: Embedder) -> None:
    texts = ["one", "two words", "three more words", "", " \n", "中文", "👩‍👩‍👧", "\0", "a" * 3_000]

    arrays = embedder.embed(texts)

    assert len(arrays) == len(texts)
    for array in arrays:
        assert array.dtype == np.float32
        assert array.shape[0] >= 1
        assert array.shape[1] == embedder.dimensions
        assert np.linalg.norm(array, axis=1) == pytest.approx(1, abs=1e-3)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]) == []


def test_the_same_text_has_the_same_vector(embedder: Embedder) -> None:
    first, _, again = embedder.embed(["the same text", "another one", "the same text"])

    assert np.array_equal(first, again)


def test_vectors_are_in_the_order_of_their_texts(embedder: Embedder) -> None:
    texts = [f"number {i} of several" for i in range(8)]

    together = np.concatenate(embedder.embed(texts))
    alone = np.concatenate([embedder.embed([text])[0] for text in texts])

    assert together == pytest.approx(alone, abs=1e-6)


def test_a_query_is_most_similar_to_the_text_about_it(model_embedder: Embedder) -> None:
    texts = ["The cat sleeps on the sofa", "Interest rates rose again", "Water the tomato plants daily"]

    rows = np.concatenate(model_embedder.embed(texts))
    query = model_embedder.embed_query("How often should I water tomato plants?")

    assert int(np.argmax(rows @ query)) == 2


def test_the_end_of_a_long_text_is_not_truncated(model_embedder: Embedder) -> None:
    filler = "Nothing of interest is said here. " * 200

    (rows,) = model_embedder.embed([filler + "Water the tomato plants daily."])
    query = model_embedder.embed_query("tomato plants")

    assert len(rows) > 1
    assert int(np.argmax(rows @ query)) == len(rows) - 1


def test_a_long_query_is_one_row_of_length_1(embedder: Embedder) -> None:
    row = embedder.embed_query("a very long question about tomatoes " * 200)

    assert row.shape == (embedder.dimensions,)
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-3)


def test_a_file_no_longer_wanted_is_abandoned(embedder: Embedder) -> None:
    answers = iter([True, False])

    with pytest.raises(Abandoned):
        embedder.embed(["a text"] * 100, lambda: next(answers))


def test_an_embedder_can_be_used_again_after_close(embedder: Embedder) -> None:
    before = embedder.embed_query("word")

    embedder.close()

    assert np.array_equal(embedder.embed_query("word"), before)


@pytest.mark.services
def test_a_slow_server_raises_dependency_down(slow_url: str) -> None:
    embedder = build(Settings(embedding_url=slow_url, embedding_timeout_seconds=0.05))

    with pytest.raises(DependencyDown, match="ReadTimeout"):
        embedder.embed(["a text"])

    embedder.close()


@pytest.mark.services
def test_an_unreachable_server_raises_dependency_down() -> None:
    embedder = build(Settings(embedding_url="http://127.0.0.1:9/v1"))

    with pytest.raises(DependencyDown, match="refused"):
        embedder.embed(["a text"])

    embedder.close()
