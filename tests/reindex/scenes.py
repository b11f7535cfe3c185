"""Helpers of migration tests: stores with two models, their state, and a check of everything."""

from ingest.config import LOCAL_MODEL, Settings
from ingest.db.models import FileBatch
from ingest.errors import InvalidFile
from ingest.jobs import run
from ingest.jobs.maintenance import run_maintenance
from ingest.reindex import migration, rerun_batches
from ingest.reindex.reindexing import ModelTarget
from ingest.search import search
from ingest.verify import verify
from tests.fakes import CALLER, FakeIndex, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

OTHER_MODEL, THIRD_MODEL = "other", "third"
HERONS = ("A heron in the water.", "A heron on the roof.", "A heron at night.")
DAY = 86_400


def with_models(settings: Settings, dimensions: dict[str, int]) -> Settings:
    models = [{"model": name, "url": f"http://{name}/v1", "dimensions": size} for name, size in dimensions.items()]
    return Settings(**{**settings.model_dump(), "embedding_models": models})


def search_texts(services: FakeServices, store: str) -> list[str]:
    """Return the texts that a search for "heron" returns, sorted."""
    return sorted(result.text for result in search.search(services, CALLER, store, ["heron"], limit=50))


def migrate(services: FakeServices, store: str, model: str = OTHER_MODEL, *, rolling: bool = False) -> FileBatch:
    return rerun_batches.reindex(services, CALLER, store, "all", None, ModelTarget(model, rolling))


def model_state(services: FakeServices, store: str) -> tuple[str, str | None, str | None]:
    models = migration.get_migration_status(services, CALLER, store)
    return models.model, models.standby_model, models.standby_state


def point_generations(services: FakeServices, model: str) -> set[tuple[int, int]]:
    """Return the row and the generation of each point of a model."""
    index = services.index_of(model)
    assert isinstance(index, FakeIndex)
    return {(row, generation) for row, generation, _ in index.points}


def run_all_but_the_first(services: FakeServices) -> None:
    """Process the queue; the other model rejects its first file."""
    other = services.embedder_of(OTHER_MODEL)
    other.error = InvalidFile("The embedding model says a part of the text is too long")  # type: ignore[attr-defined] # a FakeEmbedder
    run.run_job(services, services.queue.lanes["bulk"].pop(0).row, lease_holder="test/1")
    other.error = None  # type: ignore[attr-defined] # a FakeEmbedder
    run_published_jobs(services)


def finish_all_work(services: FakeServices) -> None:
    """Run maintenance and all jobs until nothing waits."""
    for _ in range(6):
        run_maintenance(services)
        run_published_jobs(services)


def assert_consistent(services: FakeServices) -> None:
    report = verify(services, is_running=False)
    assert report.findings == []


def migrated_store(services: FakeServices, *texts: str) -> tuple[str, list[str]]:
    """Return a store that was migrated to the other model, and its files."""
    store, files = attach_texts(services, *texts)
    run_published_jobs(services)
    migrate(services, store)
    run_published_jobs(services)
    run_maintenance(services)
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    return store, files
