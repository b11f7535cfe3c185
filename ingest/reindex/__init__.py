"""Re-indexing: new points for the files of a store, with the same or another embedding model.

Belongs here: reindexing.py (start a re-index, a migration to another model, a rollback), migration.py (status, cut-over
and clean-up of migrations), gate.py and gate_verdict.py (golden queries that hold a cut-over back), rerun_batches.py (the
batches of retries, re-indexes and rollbacks), schedules.py and cron.py (re-indexes at set times).
Does not belong here: SQL (ingest/db/queue/requeue.py and model_migration.py), the processing of a single file (ingest/jobs).
"""
