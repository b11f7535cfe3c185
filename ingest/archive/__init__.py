"""Archives: a vector store as one file, to restore it elsewhere without parsing or embedding.

`format` defines the entries, `writer` exports a store, `reader` reads and checks an archive as a stream, `staging` and
`restore` create a store from it. The commands that call them belong to ingest/cli, queries to ingest/db/content/archives.py.
"""
