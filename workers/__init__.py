"""Celery: the tasks, the worker processes and the beat schedule, around what `ingest` does.

Here: what Celery needs to know. Not here: what a task does (`ingest/jobs`) and the message format (`ingest/dispatch`).
"""
