"""Everything that requests and jobs work with, wired once per process from the settings."""

import threading
from functools import cached_property

from ingest import blobs, rewrite
from ingest.blobs import Blobs
from ingest.breaker import Breaker
from ingest.config import Settings
from ingest.db.session import Database
from ingest.dispatch import Feeder, Publisher
from ingest.patience import REPORT, Patience
from ingest.pulse import Pulse
from ingest.queue import BrokerQueue, Queue
from ingest.rewrite import Rewriter
from ingest.steps import embed
from ingest.steps.embed import Embedder
from ingest.steps.index import Index
from ingest.steps.parse import Parser


class Tools:
    """The process's collaborators. Each is made when first used, so never before a fork; tests put in their own."""

    def __init__(self, settings: Settings, patience: Patience = REPORT) -> None:
        self.settings = settings
        self.patience = patience
        self.stopping = threading.Event()
        """Set when this process must end soon: files in work are given back."""
        self.parsing = threading.Lock()
        """To be held while `parser` is used in a process with several threads."""
        self.breakers = {name: Breaker(name) for name in ("qdrant", "embedder")}
        self.failing: tuple[str, ...] = ()
        """Dependencies that had failed other files when this process last claimed one (ingest/outages.py)."""
        self.publisher: Publisher | None = None
        """Talks to the broker in the place of requests, where there is one."""

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.sql_url, patience=self.patience)

    @cached_property
    def blobs(self) -> Blobs:
        return blobs.connect(self.settings)

    @cached_property
    def parser(self) -> Parser:
        return Parser(self.settings)

    @cached_property
    def embedder(self) -> Embedder:
        return embed.build(self._hurried, self.patience.embedding_attempts)

    @cached_property
    def index(self) -> Index:
        """Raises DependencyDown when a remote embedder has to tell its dimensions and does not answer."""
        return Index.connect(
            self._hurried,
            model=self.embedder.model,
            dimensions=self.embedder.dimensions,
            multivector=self.embedder.window_tokens is not None,
        )

    @cached_property
    def pulse(self) -> Pulse:
        """Renews the leases of what this process works on."""
        return Pulse(self.settings.heartbeat_seconds)

    @cached_property
    def rewriter(self) -> Rewriter:
        return rewrite.build(self.settings)

    @cached_property
    def queue(self) -> Queue:
        return BrokerQueue(self.settings)

    @cached_property
    def feeder(self) -> Feeder:
        return Feeder(self.database, self.queue, self.settings)

    def announce(self) -> None:
        """Have waiting files published: now, or soon by the publisher so that nobody waits for the broker."""
        if self.publisher is None:
            self.feeder.top_up()
        else:
            self.publisher.ask()

    @cached_property
    def _hurried(self) -> Settings:
        """The settings, with no more patience than this process has."""
        patience = {
            "qdrant_timeout_seconds": min(self.settings.qdrant_timeout_seconds, self.patience.qdrant),
            "embedding_timeout_seconds": min(self.settings.embedding_timeout_seconds, self.patience.embedding),
        }
        return self.settings.model_copy(update=patience)

    def close(self) -> None:
        """Let go of what was opened: connections, the parser's process, the model."""
        made = vars(self)
        for name in ("pulse", "parser", "embedder", "index", "rewriter"):
            if name in made:
                made[name].close()
        if "database" in made:
            made["database"].dispose()
