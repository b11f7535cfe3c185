"""The vectors process: Qdrant's engine behind the subset of Qdrant's REST API that `ingest` uses.

`python -m ingest.embedded.vectors --path DIR --port N` serves the unmodified `QdrantClient(url=...)`, so its callers are the
same with and without a Qdrant server. It has one process and one thread: the engine holds the GIL in every call, is not
safe to fork, and needs exclusive access to its folder. Nothing here knows about files or stores of the API.
"""
