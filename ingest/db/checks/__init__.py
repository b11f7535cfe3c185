"""The database's side of `ingest verify`: queries over all rows, and corrections of single ones.

Here: the points and blobs that rows require (expected_state.py), counters recounted (recount.py), rows that contradict each
other and overdue work (violations.py), and when the service verifies itself (verifications.py).

Not here: comparing with Qdrant and the blobs, and the report (ingest/verify/).
"""
