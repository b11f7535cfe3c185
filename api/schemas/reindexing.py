"""Indexing anew: an extension, OpenAI's API has nothing like it (deploy/openai-compatibility.md)."""

from api.schemas.parts import Body, Strategy
from ingest.db.restarts import Only
from ingest.vector_stores import Chunking


class Reindex(Body):
    """Which files of a store are indexed anew, and how they are cut; without a strategy each as it was."""

    only: Only = "all"
    chunking_strategy: Strategy | None = None

    def chunking(self) -> Chunking | None:
        """The sizes that are asked for; None when each file keeps its own."""
        return None if self.chunking_strategy is None else self.chunking_strategy.chunking()
