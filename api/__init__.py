"""The HTTP service: OpenAI's Files, Vector stores, File batches and Search API over the functions of `ingest`.

`routes` translate requests into calls of `ingest`, `schemas` define bodies, `middleware` wraps every request, `errors` builds
error responses, and `openapi` completes the OpenAPI document. `app.py` wires them. Rules of the product belong to `ingest`.
"""
