"""Outgoing requests: the connection pool, the circuit breaker, Retry-After, the guard against private addresses.

Not here: what is requested (steps, webhooks, imports), and incoming requests (`api`).
"""
