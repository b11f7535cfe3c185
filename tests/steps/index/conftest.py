from tests.contracts.qdrant_server import client, qdrant, qdrant_index, settings

__all__ = ["client", "qdrant", "qdrant_index", "settings"]
