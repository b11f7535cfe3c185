"""The job queue in the database: a file's state, and everything that changes with it.

Here: attaching, claiming, completing, failing, requeuing and cancelling files; the counters of batches and stores; the
outbox of the feeder; the queue of work on points; shared circuit breakers; the migration of a store to another model.

Not here: rows that no worker competes for (ingest/db/content/), and work on bytes or points (ingest/jobs/). All functions
take an open session; their callers commit.
"""
