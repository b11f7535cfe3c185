"""JSON bodies of requests: checked while they arrive, then parsed and validated without stopping the event loop.

`scan` bounds depth and number of values, `parsing` parses large arrays in pieces, and `route` is the route class that uses
both. The size limit of bodies belongs to api/middleware/body_limit.py, and what a body means to api/schemas.
"""
