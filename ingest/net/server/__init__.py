"""The HTTP server under the API and under the vectors process: uvicorn with limits on every connection.

`protocol` bounds the bytes of one connection, `connections` the time and the number of connections, `listener` accepts them,
and `server` runs all of it. What a request means belongs to the applications.
"""
