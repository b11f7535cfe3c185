"""Threads, pauses and child processes: how this process runs, whatever it works on.

Here: the one periodic thread, the one back-off formula, the heartbeat thread, the parent-death signal.
Not here: what the threads do (jobs, dispatch, webhooks, imports, verify), and anything that knows the database.
"""
