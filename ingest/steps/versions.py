"""The version stamp of everything that decides what a file's points look like."""

from ingest.steps.bm25 import TERMS_VERSION
from ingest.steps.chunk import CHUNKER_VERSION
from ingest.steps.parse import PARSER_VERSION


def pipeline_version(model: str) -> str:
    """Return the version stamp of points that are made today with an embedding model.

    A completed file whose stored stamp differs is stale (`ingest reindex --only stale`).
    """
    return f"parser {PARSER_VERSION}, chunker {CHUNKER_VERSION}, terms {TERMS_VERSION}, {model}"
