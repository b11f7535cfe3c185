"""The nouns of the API: files, uploads, vector stores, and their files and batches.

Belongs here: what a request does, within its transaction, in terms of a caller. Each module has the operations of one noun.
Does not belong here: SQL (ingest/db), JSON and HTTP (api), the processing of files (ingest/jobs, ingest/steps), re-indexing
(ingest/reindex), search (ingest/search).
"""
