"""Everything that requests and jobs work with, wired once per process from the settings."""

import threading
from functools import cached_property

from ingest import blobs, rewrite
from ingest.blobs import Blobs
from ingest.breaker import Breaker
from ingest.config import Settings
from ingest.db import collections
from ingest.db.models import Collection
from ingest.db.session import Database
from ingest.dispatch import Feeder, Pauses, Publisher
from ingest.errors import DependencyDown
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

    def __init__(self, settings: Settings, patience: Patience = REPORT, pauses: Pauses | None = None) -> None:
        self.settings = settings
        self.patience = patience
        self.stopping = threading.Event()
        """Set when this process must end soon: files in work are given back."""
        self.pauses = pauses or Pauses()
        """The feeder's; those of all processes of one worker."""
        self.parsing = threading.Lock()
        """To be held while `parser` is used in a process with several threads."""
        self.breakers = {name: Breaker(name) for name in ("qdrant", "embedder")}
        self._making = threading.Lock()
        self._embedders: dict[str, Embedder] = {}
        self._indexes: dict[str, Index] = {}
        self._found: dict[str, Collection] = {}
        self._embedder_breakers = {settings.default_model: self.breakers["embedder"]}
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
        """That of new stores."""
        return self._made(self.settings.default_model)

    @cached_property
    def index(self) -> Index:
        """Where the points of new stores are. Raises as `index_of`, but for other vectors than before."""
        return self._connected(self.settings.default_model)

    def embedder_of(self, model: str) -> Embedder:
        """What embeds with a model, by the name it is configured under. Raises ModelMissing."""
        if model == self.settings.default_model:
            return self.embedder
        with self._making:
            if model not in self._embedders:
                self._embedders[model] = self._made(model)
            return self._embedders[model]

    def index_of(self, model: str) -> Index:
        """Where a model's points are, also of one that is not configured any more. Raises ModelMissing when nothing was
        ever made with it either; DependencyDown when a remote embedder has to tell its dimensions and does not answer,
        or is configured to give other ones than before."""
        index = self._index(model)
        if model in self._found and model in self.settings.models:
            self._must_agree(self._found[model])
        return index

    def indexes(self) -> dict[str, Index]:
        """Everywhere where points may be, by model."""
        with self.database.reading() as session:
            names = {found.model for found in collections.known(session)}
        if "index" in vars(self):
            names.add(self.settings.default_model)
        return {name: self._index(name) for name in sorted(names)}

    def breaker_of(self, model: str) -> Breaker:
        """The breaker of a model's embedder."""
        with self._making:
            return self._embedder_breakers.setdefault(model, Breaker("embedder"))

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
        return Feeder(self.database, self.queue, self.settings, self.pauses)

    def announce(self) -> None:
        """Have waiting files published: now, or soon by the publisher so that nobody waits for the broker."""
        if self.publisher is None:
            self.feeder.top_up()
        else:
            self.publisher.ask()

    def _made(self, model: str) -> Embedder:
        return embed.build(self._hurried(self.settings.embedding_with(model)), self.patience.embedding_attempts)

    def _index(self, model: str) -> Index:
        if model == self.settings.default_model:
            return self.index
        found = self._indexes.get(model)
        if found is None:
            made = self._connected(model)  # may have to ask a slow embedder: nobody else waits for that
            with self._making:
                found = self._indexes.setdefault(model, made)
            if found is not made:
                made.close()
        return found

    def _connected(self, model: str) -> Index:
        with self.database.reading() as session:
            found = collections.get(session, model)
        if found is None:
            embedder = self.embedder_of(model)
            dimensions, multivector = embedder.dimensions, embedder.window_tokens is not None
            with self.database.transaction() as session:
                found = collections.add(session, model, dimensions=dimensions, multivector=multivector)
        self._found[model] = found
        return self._connect(found)

    def _must_agree(self, found: Collection) -> None:
        """The same name must go on meaning the same vectors. Raises DependencyDown."""
        dimensions = self.settings.models[found.model].dimensions or found.dimensions
        multivector = self.embedder_of(found.model).window_tokens is not None
        if (dimensions, multivector) != (found.dimensions, found.multivector):
            were = f"{found.dimensions} dimensions, {'several' if found.multivector else 'one'} a chunk"
            raise DependencyDown(
                "embedder",
                f"is configured to give other vectors for '{found.model}' than it gave ({were}): give it another name in "
                "INGEST_EMBEDDING_MODELS, so that stores can move from one to the other",
            )

    def _connect(self, found: Collection) -> Index:
        return Index.connect(
            self._hurried(self.settings), model=found.model, dimensions=found.dimensions, multivector=found.multivector
        )

    def _hurried(self, settings: Settings) -> Settings:
        """Settings with no more patience than this process has."""
        patience = {
            "qdrant_timeout_seconds": min(settings.qdrant_timeout_seconds, self.patience.qdrant),
            "embedding_timeout_seconds": min(settings.embedding_timeout_seconds, self.patience.embedding),
        }
        return settings.model_copy(update=patience)

    def close(self) -> None:
        """Let go of what was opened: connections, the parser's process, the model."""
        made = vars(self)
        for name in ("pulse", "parser", "embedder", "index", "rewriter"):
            if name in made:
                made[name].close()
        for embedder in self._embedders.values():
            embedder.close()
        for index in self._indexes.values():
            index.close()
        if "database" in made:
            made["database"].dispose()
