"""The vectors process: Qdrant's engine behind the subset of Qdrant's REST API that `ingest` uses.

`python -m ingest.embedded.vectors --path DIR --port N` serves the unmodified `QdrantClient(url=...)`, so the code above
it is the same with and without a Qdrant server. One process, one thread: the engine holds the interpreter's lock in
every call, is not safe to fork, and wants one owner of its folder.
"""
