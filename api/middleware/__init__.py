"""ASGI middlewares that wrap every request: request ids, deadlines, admission, body limits, metrics.

A middleware knows no route and no schema. Rules of single routes belong to api/routes or api/deps.py.
"""
