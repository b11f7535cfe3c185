"""How a Qdrant collection is named and laid out: its vectors and its payload indexes."""

import hashlib
import re

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from ingest.errors import DependencyDown

DENSE, TEXT = "dense", "text"
"""Names of the two vectors of a point: the embedding, and the BM25 weights."""

PAYLOAD_INDEXES: dict[str, models.PayloadSchemaType | models.KeywordIndexParams] = {
    "store": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    "project": models.PayloadSchemaType.KEYWORD,
    "row": models.PayloadSchemaType.INTEGER,
    "generation": models.PayloadSchemaType.INTEGER,
    "tags": models.PayloadSchemaType.KEYWORD,
    "high": models.PayloadSchemaType.INTEGER,
    "low": models.PayloadSchemaType.INTEGER,
    "strings": models.PayloadSchemaType.INTEGER,
}


def collection_name(model: str, dimensions: int) -> str:
    """Return the collection name of an embedding model: readable, valid in Qdrant, and different for every model."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", model)[:100]
    mark = "" if plain == model else "-" + hashlib.sha256(model.encode()).hexdigest()[:8]
    return f"ingest-{plain}{mark}-{dimensions}"


def create_if_missing(client: QdrantClient, collection: str, dimensions: int, multivector: bool) -> None:
    """Create a collection unless it exists. Raises DependencyDown if it exists with other vectors."""
    multi = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    dense = models.VectorParams(
        size=dimensions,
        distance=models.Distance.COSINE,
        multivector_config=multi if multivector else None,
    )
    if not client.collection_exists(collection):
        try:
            client.create_collection(
                collection,
                vectors_config={DENSE: dense},
                sparse_vectors_config={TEXT: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                # Every search is within one store, so Qdrant builds one graph per store and none over all points.
                hnsw_config=models.HnswConfigDiff(m=0, payload_m=16),
            )
        except UnexpectedResponse as error:
            if error.status_code != 409:  # 409: another process created it first
                raise
    vectors = client.get_collection(collection).config.params.vectors
    existing = vectors.get(DENSE) if isinstance(vectors, dict) else None
    if existing is None or existing.size != dense.size or (existing.multivector_config is None) == multivector:
        # DependencyDown, not a failure of the file: an operator can correct the setting while files wait.
        raise DependencyDown("qdrant", f"the collection {collection} was made for other vectors")
