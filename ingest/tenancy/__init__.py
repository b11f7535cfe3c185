"""Tenants: projects that share one service without seeing each other, and the API keys of their callers.

Belongs here: creating projects and keys, and authenticating a request.
Does not belong here: the caller of a request (ingest/caller.py), quotas and rate limits (ingest/db/tenancy/quotas.py), the
HTTP admission of requests (api/middleware/admission.py).
"""
