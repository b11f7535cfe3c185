"""Webhooks: which endpoints a project has, which events they get, and how events are signed and delivered.

Belongs here: endpoints.py (create, change and delete endpoints), events.py (event types and bodies, and the queueing of
events), signing.py (secrets and signatures), delivery.py (the thread that sends events).
Does not belong here: SQL (ingest/db/webhooks.py), HTTP routes (api/routes/webhooks.py), the check of addresses
(ingest/net/egress_guard.py).
"""
