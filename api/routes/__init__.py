"""Routes, one module per noun of the API. A module's docstring names its paths and the functions of `ingest` that it calls.

A route turns a request into one call of `ingest` and its result into a response. Models of bodies belong to api/schemas.
The function names are part of the operation ids in the OpenAPI document, so clients may rely on them.
"""
