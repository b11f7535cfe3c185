"""How much of the process one project may use at a time: places for requests, and bytes of request bodies.

`fair_limiter` shares places between projects, `request_classes` says which requests share which places, `body_bytes`
counts what is held in memory or on its way to the disk, and `downloads` streams files. `api/middleware/concurrency.py` applies them to requests. All of it
runs on the event loop. Limits over time and quotas belong to `ingest/db/tenancy/quotas.py`.
"""
