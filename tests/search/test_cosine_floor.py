"""The cosine floor of a model: measured once, recorded, shared by all processes."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from ingest.config import LOCAL_MODEL
from ingest.db.content import collections
from ingest.errors import DependencyDown, InvalidFile
from ingest.search import search
from ingest.search.cosine_floor import QUERIES, SENTENCES, cosine_floor, measure
from ingest.search.fusion import FusionWeights
from ingest.services import Services
from ingest.steps.embed import MAX_PARTS, always_wanted
from ingest.steps.vectors import Vectors
from tests.fakes import CALLER, FakeEmbedder, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs


class GivenCosines(FakeEmbedder):
    """Embeds every passage along the first axis, and every query at the same cosine to it."""

    def __init__(self, cosine: float) -> None:
        super().__init__(dimensions=2)
        self.cosine = cosine

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always_wanted) -> list[Vectors]:
        self.embedded += len(texts)
        return [np.array([[1, 0]], np.float32) for _ in texts]

    def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
        return np.array([self.cosine, (1 - self.cosine**2) ** 0.5], np.float32)


def unmeasured(services: FakeServices, embedder: FakeEmbedder) -> FakeServices:
    """Return the services with a collection of the default model, whose floor nobody has measured."""
    services.embedder = embedder
    services.cosine_floors.clear()
    with services.database.transaction() as session:
        collections.register(session, services.settings.default_model, dimensions=2, multivector=False)
    return services


def test_the_floor_is_the_mean_cosine_of_unrelated_sentences_as_query_and_passage() -> None:
    assert measure(GivenCosines(0.42)) == pytest.approx(0.42)


def test_a_sentence_is_not_compared_with_itself() -> None:
    class OneHot(FakeEmbedder):
        def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
            row: Vectors = np.eye(len(SENTENCES), dtype=np.float32)[SENTENCES.index(text)]
            return row

    assert measure(OneHot()) == 0.0


def test_there_are_a_dozen_different_sentences() -> None:
    assert (len(set(SENTENCES)), len(SENTENCES) > QUERIES) == (12, True)


def test_vectors_that_are_not_numbers_raise_dependency_down() -> None:
    with pytest.raises(DependencyDown, match="not finite numbers"):
        measure(GivenCosines(float("nan")))


def test_a_refused_sentence_raises_dependency_down() -> None:
    embedder = FakeEmbedder()
    embedder.error = InvalidFile("too long")

    with pytest.raises(DependencyDown, match="refuses plain sentences"):
        measure(embedder)


def test_a_floor_is_measured_once_and_recorded(services: FakeServices) -> None:
    embedder = GivenCosines(0.3)
    unmeasured(services, embedder)

    floors = [cosine_floor(services, services.settings.default_model) for _ in range(3)]

    assert floors == [pytest.approx(0.3)] * 3
    assert embedder.embedded == len(SENTENCES)
    with services.database.reading() as session:
        assert collections.cosine_floor(session, services.settings.default_model) == pytest.approx(0.3)


def test_the_floor_that_was_recorded_first_counts_for_every_process(services: FakeServices) -> None:
    unmeasured(services, GivenCosines(0.3))
    with services.database.transaction() as session:
        assert collections.record_cosine_floor(session, services.settings.default_model, 0.25) == 0.25
        assert collections.record_cosine_floor(session, services.settings.default_model, 0.9) == 0.25

    assert cosine_floor(services, services.settings.default_model) == 0.25


def test_a_floor_is_not_recorded_for_a_model_without_a_collection(services: FakeServices) -> None:
    with services.database.transaction() as session:
        assert collections.record_cosine_floor(session, "unknown", 0.25) is None
        assert collections.cosine_floor(session, "unknown") is None


def test_a_search_works_with_the_measured_floor_if_it_cannot_be_recorded(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    unmeasured(services, GivenCosines(0.3))

    def no_database() -> None:
        raise DependencyDown("database", "it is read-only")

    monkeypatch.setattr(services.database, "transaction", no_database)

    assert cosine_floor(services, services.settings.default_model) == pytest.approx(0.3)


def test_a_search_by_words_alone_does_not_need_the_embedder(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "the heron")
    run_published_jobs(services)
    services.cosine_floors.clear()
    services.embedder.error = DependencyDown("embedder", "it is down")

    results = search.search(services, CALLER, store, ["heron"], limit=1, weights=FusionWeights(0, 1))

    assert [result.file_id for result in results] == [file_id]
    with pytest.raises(DependencyDown):
        search.search(services, CALLER, store, ["heron"], limit=1)


@pytest.mark.services
def test_unrelated_sentences_have_a_cosine_of_three_percent_with_the_local_model(services: FakeServices) -> None:
    embedder = Services(services.settings)._build_embedder(LOCAL_MODEL)

    assert measure(embedder) == pytest.approx(0.03, abs=0.02)
