"""Measure the ranking of the retrieval benchmark (tests/retrieval) with the default model."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ingest.config import Settings
from ingest.db.migrate import migrate
from ingest.db.session import Database
from tests.retrieval.measures import Measures
from tests.retrieval.running import ask, import_collection, make_services
from tests.retrieval.texts import read_collections


def measure(folder: Path) -> dict[str, dict[str, Measures]]:
    """Return the measures of each collection: of all questions (""), by kind, and by the file of the texts."""
    settings = Settings(data=folder, redis_url="", qdrant_url="", database_url="", embedding_url="")
    database = Database(f"sqlite:///{folder / 'retrieval.db'}")
    try:
        migrate(database)
        services = make_services(settings, database)
        return {each.name: ask(import_collection(services, each), each) for each in read_collections()}
    finally:
        database.dispose()


def details(measured: Mapping[str, Mapping[str, Measures]]) -> dict[str, Any]:
    """Return the measures as JSON, the whole of a collection as `all`."""
    return {
        name: {group or "all": asdict(measures) for group, measures in groups.items()}
        for name, groups in measured.items()
    }
