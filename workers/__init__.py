"""Celery: the tasks, the worker processes and the schedule, around what `ingest` does."""
