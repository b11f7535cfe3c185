"""Rows of what starts by itself at the times of a cron expression: re-indexes and imports.

Here: reading and changing schedules, which of them are due, and the leases of import runs.

Not here: computing the next time (ingest/reindex/cron.py) and the work itself (ingest/reindex/, ingest/imports/).
"""
