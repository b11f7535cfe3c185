"""Evaluation of search with golden queries: how much of what should be found is found, and whether a change makes it worse.

Belongs here: golden.py (golden queries and their checks), matching.py (ranks of expected files and passages), metrics.py
(nDCG, recall, MRR, success), runs.py (an evaluation of all queries), comparison.py (two evaluations, query by query),
settings.py (how the queries are searched through the API).
Does not belong here: the searches themselves (ingest/search/search.py, or the API), tables (ingest/cli), and the gate of
re-indexes (ingest/reindex/gate.py).
"""
