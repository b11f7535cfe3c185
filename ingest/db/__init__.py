"""The only SQL of the service, and its only commit.

Here: the models (models/) and their migrations, transactions (session.py), the execution of statements (execute.py), locks
and their one order (locks.py), conditions that several modules share (predicates.py), pagination, and by subject the
functions that read and change rows: queue/, content/, schedules/, tenancy/, webhooks.py, checks/.

Not here: decisions about what a request may do (ingest/stores/ and its neighbours), bytes (ingest/blobs/), points
(ingest/steps/index/). tests/db/test_sql_only_in_db.py keeps SQL out of the other packages.
"""
