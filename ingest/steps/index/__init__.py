"""The vector index: the `Index` protocol, the points it holds, and its implementation over Qdrant.

This package is the only code that talks to Qdrant. The rest of the project uses the names exported here.
Not in this package: which points must exist (`ingest/db`), how they are made (`ingest/jobs/pipeline.py`), and the fusion
of the two result lists of a search (`ingest/search/fusion.py`).
"""

from ingest.steps.index.checksums import add_checksums, chunk_checksum
from ingest.steps.index.collection import collection_name
from ingest.steps.index.points import Hit, Point, PointKey, PointOwner, PointRef, StoredText
from ingest.steps.index.protocol import Index
from ingest.steps.index.qdrant import MAX_ROWS_PER_REQUEST, QdrantIndex

__all__ = [
    "MAX_ROWS_PER_REQUEST",
    "Hit",
    "Index",
    "Point",
    "PointKey",
    "PointOwner",
    "PointRef",
    "QdrantIndex",
    "StoredText",
    "add_checksums",
    "chunk_checksum",
    "collection_name",
]
