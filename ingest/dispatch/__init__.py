"""How queued files reach the workers: the broker's wire format and the feeder that publishes to it.

The database is the queue of record. A message is only a wake-up, so a lost, late or doubled message does no harm.
Not here: the SQL of the outbox (`db/queue/feed.py`), and what workers do with a message (`jobs`, `workers`).
"""
