"""Names and layouts of collections."""

import pytest

from ingest.config import Settings
from ingest.errors import DependencyDown
from ingest.steps.index import QdrantIndex, collection_name
from tests.contracts.points import DIMENSIONS


@pytest.mark.services
def test_a_collection_made_for_other_vectors_is_refused(settings: Settings, qdrant_index: QdrantIndex) -> None:
    qdrant_index.ensure_collection()
    other = QdrantIndex(
        qdrant_index._client, qdrant_index._write_pool, qdrant_index._collection, DIMENSIONS, multivector=False
    )

    with pytest.raises(DependencyDown, match="other vectors"):
        other.ensure_collection()


def test_similar_model_names_have_different_collections() -> None:
    names = {collection_name(model, 8) for model in ("a/b", "a-b", "a b", "a//b", "ä" * 300)}

    assert len(names) == 5
    assert all(name.isascii() and len(name) < 200 and "/" not in name for name in names)
