"""Search of a vector store: candidates from the index, checked against the database, fused into one ranking.

Belongs here: what happens to a query and to its hits. `search.py` is the entry and calls the other modules in order:
`retrieval`, `scoring`, `reranking`, `near_duplicates`, `per_file`, `expansion`, and `explanation` and `absence` on request.
Does not belong here: how terms and vectors are made (ingest/steps), the requests to Qdrant (ingest/steps/index), JSON and
HTTP (api).
"""
