"""What operators see of a process: logs, metrics, traces.

Here: how records, counters and spans are made and sent. Their names are stable identifiers in snake_case.
Not here: what they measure. Every module logs and counts its own work with these tools.
"""
