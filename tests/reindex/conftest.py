"""Fixtures of re-index tests."""

import pytest

from ingest.config import Settings
from ingest.db.session import Database
from tests.fakes import FakeServices
from tests.reindex.scenes import OTHER_MODEL, THIRD_MODEL, with_models


@pytest.fixture
def services(settings: Settings, database: Database) -> FakeServices:
    """Services with two more embedding models."""
    return FakeServices(with_models(settings, {OTHER_MODEL: 5, THIRD_MODEL: 12}), database)
