"""Alembic's environment and the revisions of the schema (versions/).

0001 is the schema of the first release and never changes. Every later change of a model needs a new revision here, and
the rows of the revision before it in tests/db/old_rows.py.
"""
