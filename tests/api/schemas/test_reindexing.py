"""Requests to re-index a store."""

import pytest

from api.schemas.reindexing import Reindex
from ingest.errors import InvalidRequest


def test_without_options_every_file_keeps_its_chunk_sizes_and_its_model() -> None:
    request = Reindex()

    assert (request.only, request.chunk_sizes(), request.model_target()) == ("all", None, None)


def test_a_rolling_migration_needs_a_model() -> None:
    target = Reindex(model="large", now=True).model_target()

    assert target is not None
    assert (target.model, target.rolling) == ("large", True)
    with pytest.raises(InvalidRequest, match="'now' goes with 'model'"):
        Reindex(now=True).model_target()
