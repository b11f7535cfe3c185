"""Reading and writing the objects of the API: files, uploads, stores and their members, batches, and blobs without a file.

Not here: changes of a file's state in a store and of counters (ingest/db/queue/), bytes (ingest/blobs/), and the rules of
the API (ingest/stores/). All functions take an open session, except `imported_files.iterate_versions`.
"""
