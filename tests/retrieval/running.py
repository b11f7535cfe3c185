"""Import a collection with the real pipeline and the default model, and search it.

Database and index are in this process. The index is the fake one, whose scores equal those of Qdrant: the suite
tests/contracts/test_index.py holds both to the same numbers.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.config import Settings
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.search import search
from ingest.search.fusion import DEFAULT_WEIGHTS, FusionWeights
from ingest.steps.embed import MAX_PARTS, always_wanted
from ingest.steps.embed.local import LocalEmbedder
from ingest.steps.vectors import Vectors
from ingest.stores import batches, files, vector_stores
from tests.fakes import CALLER, FakeEmbedder, FakeServices
from tests.jobs.scenes import run_published_jobs
from tests.retrieval.measures import DEPTH, Measures, measure
from tests.retrieval.texts import Collection, Passage

_passages: dict[str, Vectors] = {}
_queries: dict[str, Vectors] = {}


class CachedEmbedder(FakeEmbedder):
    """The default model, which embeds a text once in this process: collections share texts."""

    window_tokens = LocalEmbedder.window_tokens

    def __init__(self, settings: Settings) -> None:
        super().__init__(LocalEmbedder.model, LocalEmbedder.dimensions)
        self._local = LocalEmbedder(settings)

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always_wanted) -> list[Vectors]:
        new = [text for text in dict.fromkeys(texts) if text not in _passages]
        _passages.update(zip(new, self._local.embed(new), strict=True))
        return [_passages[text] for text in texts]

    def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
        if text not in _queries:
            _queries[text] = self._local.embed_query(text)
        return _queries[text]


@dataclass(frozen=True)
class Store:
    """A store with the passages of a collection."""

    services: FakeServices
    store_id: str
    keys: dict[str, str]
    """The key of the passage of each file."""

    def search(self, query: str, weights: FusionWeights = DEFAULT_WEIGHTS) -> list[tuple[str, float]]:
        """Return the keys and scores of the best passages."""
        found = search.search(self.services, CALLER, self.store_id, [query], limit=DEPTH, weights=weights)
        return [(self.keys[result.file_id], result.score) for result in found]


def make_services(settings: Settings, database: Database) -> FakeServices:
    """Return services with the default model."""
    services = FakeServices(settings, database)
    services.embedder = CachedEmbedder(settings)
    services.cosine_floors.clear()  # this embedder's floor is measured, unlike that of the fake one
    return services


def import_collection(services: FakeServices, collection: Collection) -> Store:
    """Import the passages into a new store."""
    store = vector_stores.create(
        services, CALLER, name=collection.name, description=None, metadata={}, expires_after_days=None
    )
    keys = {_upload(services, passage): passage.key for passage in collection.passages}
    batches.create(services, CALLER, store.id, [Member(file_id, {}, 800, 400) for file_id in keys])
    run_published_jobs(services)
    return Store(services, store.id, keys)


def ask(store: Store, collection: Collection, weights: FusionWeights = DEFAULT_WEIGHTS) -> dict[str, Measures]:
    """Return the measures of all questions (""), and by kind and by the file of the texts (the part before /)."""
    groups: dict[str, list[tuple[int | None, float]]] = defaultdict(list)
    for question in collection.questions:
        found = store.search(question.text, weights)
        keys = [key for key, _ in found]
        rank = keys.index(question.answer) + 1 if question.answer in keys else None
        for group in ("", question.kind, question.answer.split("/")[0] + "/"):
            groups[group].append((rank, _top_score(found)))
    foreign = [_top_score(store.search(query, weights)) for query in collection.foreign]
    return {
        group: measure([rank for rank, _ in rows], [score for _, score in rows], foreign)
        for group, rows in groups.items()
    }


def _top_score(found: Sequence[tuple[str, float]]) -> float:
    return found[0][1] if found else 0.0


def _upload(services: FakeServices, passage: Passage) -> str:
    return files.create(
        services,
        CALLER,
        filename=passage.filename,
        purpose="assistants",
        blocks=[passage.text.encode()],
        expires_after=None,
    ).id
