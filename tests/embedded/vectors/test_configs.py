"""Configurations of collections: canonical form, vector types, rejected settings."""

from typing import Any

import pytest

from ingest.embedded.vectors import configs
from ingest.embedded.vectors.configs import VectorKind
from ingest.embedded.vectors.errors import BadRequest

DENSE = {"size": 4, "distance": "Cosine"}


def test_a_configuration_is_saved_without_the_settings_of_a_server() -> None:
    config = configs.read(
        {
            "vectors": {"dense": DENSE | {"on_disk": True, "multivector_config": {"comparator": "max_sim"}}},
            "sparse_vectors": {"sparse": {"modifier": "idf"}},
            "shard_number": 3,
        }
    )

    assert config == {
        "vectors": {"dense": DENSE | {"multivector_config": {"comparator": "max_sim"}}},
        "sparse_vectors": {"sparse": {"modifier": "idf"}},
    }
    assert configs.vector_kinds(config) == {"dense": VectorKind(4, multi=True), "sparse": VectorKind(0)}


@pytest.mark.parametrize(
    "body",
    [
        {"vectors": DENSE},
        {"vectors": {"dense": {"size": 0, "distance": "Cosine"}}},
        {"vectors": {"dense": {"size": 4, "distance": "Hamming"}}},
        {"vectors": {"dense": DENSE}, "surprise": 1},
    ],
)
def test_a_configuration_that_is_not_supported_is_rejected(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        configs.read(body)


def test_an_unknown_payload_index_is_rejected() -> None:
    with pytest.raises(BadRequest, match="field_schema must be one of"):
        configs.index_schema("geo")
    with pytest.raises(BadRequest, match=r"field_schema\.type must be one of"):
        configs.index_schema({"type": "geo"})
