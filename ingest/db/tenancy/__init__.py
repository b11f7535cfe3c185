"""Rows of projects and API keys, and checks of a project's use against its limits.

Not here: creating and checking keys (ingest/tenancy/), and the limits of one request (ingest/limits.py).
"""
