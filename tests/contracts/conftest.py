from tests.blobs.buckets import bucket, bucket_server
from tests.contracts.qdrant_server import client, qdrant, qdrant_index, settings

__all__ = ["bucket", "bucket_server", "client", "qdrant", "qdrant_index", "settings"]
