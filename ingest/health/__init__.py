"""Why work waits: checks of the dependencies, what workers recorded, and the reason that the API shows for a file or batch.

Here: reading and describing. Not here: the breakers that make work wait (`db/queue/outages.py`, `net/breaker.py`), the
heartbeats of workers (`db/queue/workers.py`), and the endpoint `/ready` (`api/health.py`).
"""
