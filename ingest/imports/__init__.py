"""Imports of many files into a vector store, as a client of the API.

Here: options and sources of an import, the scan, uploads, batches, the journal, and scheduled imports with the
processes that run them. Progress is reported to a `ProgressReporter` (`progress`). Not here: everything that draws on
a terminal or parses a command line (`ingest/cli`), and the rows of import schedules (`ingest/db/schedules`). This
room imports neither `api` nor `ingest.cli`.
"""
