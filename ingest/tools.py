"""Everything that requests and jobs work with, wired once per process from the settings."""

import threading
from functools import cached_property

from ingest import blobs, rewrite
from ingest.blobs import Blobs
from ingest.config import Settings
from ingest.db.session import Database
from ingest.dispatch import Feeder
from ingest.queue import BrokerQueue, Queue
from ingest.rewrite import Rewriter
from ingest.steps import embed
from ingest.steps.embed import Embedder
from ingest.steps.index import Index
from ingest.steps.parse import Parser


class Tools:
    """The process's collaborators. Each is made when first used, so never before a fork; tests put in their own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        """Set when this process must end soon: files in work are given back."""
        self.parsing = threading.Lock()
        """To be held while `parser` is used in a process with several threads."""

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.sql_url)

    @cached_property
    def blobs(self) -> Blobs:
        return blobs.connect(self.settings)

    @cached_property
    def parser(self) -> Parser:
        return Parser(self.settings)

    @cached_property
    def embedder(self) -> Embedder:
        return embed.build(self.settings)

    @cached_property
    def index(self) -> Index:
        """Raises DependencyDown when a remote embedder has to tell its dimensions and does not answer."""
        return Index.connect(
            self.settings,
            model=self.embedder.model,
            dimensions=self.embedder.dimensions,
            multivector=self.embedder.window_tokens is not None,
        )

    @cached_property
    def rewriter(self) -> Rewriter:
        return rewrite.build(self.settings)

    @cached_property
    def queue(self) -> Queue:
        return BrokerQueue(self.settings)

    @cached_property
    def feeder(self) -> Feeder:
        return Feeder(self.database, self.queue, self.settings)

    def close(self) -> None:
        """Let go of what was opened: connections, the parser's process, the model."""
        made = vars(self)
        for name in ("parser", "embedder", "index", "rewriter"):
            if name in made:
                made[name].close()
        if "database" in made:
            made["database"].dispose()
