"""The embedded service: the processes that `ingest up` starts, in place of servers that are not configured by URL.

`processes` describes them, `supervisor` runs them, `discovery` lets other commands find them, and `vectors` is the vector engine
process. Clients of these servers belong elsewhere: ingest/dispatch/broker.py, ingest/steps/index.
"""
