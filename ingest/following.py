"""Batches as they go on, for those who follow them without asking again and again."""

from collections.abc import Sequence

from ingest.db import stores as rows
from ingest.db.models import FileBatch
from ingest.tools import Tools


def now(tools: Tools, batches: Sequence[int]) -> dict[int, FileBatch]:
    """The batches with these row numbers as they are now, without those that are gone. Raises DependencyDown."""
    with tools.database.reading() as session:
        return {batch.row: batch for batch in rows.batches(session, batches)}
