"""Everything that requests and jobs work with, wired once per process from the settings."""

import threading
from functools import cached_property

from ingest import blobs
from ingest.blobs import Blobs
from ingest.config import Settings
from ingest.db.content import collections
from ingest.db.models import Collection
from ingest.db.session import Database
from ingest.dispatch.broker import BrokerQueue, Queue
from ingest.dispatch.feeder import Feeder, PollThrottle, FeederThread
from ingest.errors import DependencyDown
from ingest.net.breaker import CircuitBreaker
from ingest.runtime.heartbeat import HeartbeatThread
from ingest.steps import embed, query_rewriting
from ingest.steps.embed import Embedder
from ingest.steps.index import Index
from ingest.steps.parse import Parser
from ingest.steps.query_rewriting import Rewriter
from ingest.timeouts import REPORT_TIMEOUTS, Timeouts


class Services:
    """The process's collaborators. Each is made when first used, so never before a fork; tests put in their own."""

    def __init__(self, settings: Settings, timeouts: Timeouts = REPORT_TIMEOUTS, poll_throttle: PollThrottle | None = None) -> None:
        self.settings = settings
        self.timeouts = timeouts
        self.stopping = threading.Event()
        """Set when this process must end soon: files in work are given back."""
        self.poll_throttle = poll_throttle or PollThrottle()
        """The feeder's; those of all processes of one worker."""
        self.parser_lock = threading.Lock()
        """To be held while `parser` is used in a process with several threads."""
        self.breakers = {name: CircuitBreaker(name) for name in ("qdrant", "embedder")}
        self._creation_lock = threading.Lock()
        self._embedders: dict[str, Embedder] = {}
        self._indexes: dict[str, Index] = {}
        self._collections: dict[str, Collection] = {}
        self._embedder_breakers = {settings.default_model: self.breakers["embedder"]}
        self.failing_dependencies: tuple[str, ...] = ()
        """Dependencies that had failed other files when this process last claimed one (ingest/jobs/outages.py)."""
        self.feeder_thread: FeederThread | None = None
        """Talks to the broker in the place of requests, where there is one."""

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.sql_url, timeouts=self.timeouts)

    @cached_property
    def blobs(self) -> Blobs:
        return blobs.connect(self.settings)

    @cached_property
    def parser(self) -> Parser:
        return Parser(self.settings)

    @cached_property
    def embedder(self) -> Embedder:
        """That of new stores."""
        return self._build_embedder(self.settings.default_model)

    @cached_property
    def index(self) -> Index:
        """Where the points of new stores are. Raises as `index_of`, but for other vectors than before."""
        return self._connect_index(self.settings.default_model)

    def embedder_of(self, model: str) -> Embedder:
        """What embeds with a model, by the name it is configured under. Raises ModelMissing."""
        if model == self.settings.default_model:
            return self.embedder
        with self._creation_lock:
            if model not in self._embedders:
                self._embedders[model] = self._build_embedder(model)
            return self._embedders[model]

    def index_of(self, model: str) -> Index:
        """Where a model's points are, also of one that is not configured any more. Raises ModelMissing when nothing was
        ever made with it either; DependencyDown when a remote embedder has to tell its dimensions and does not answer,
        or is configured to give other ones than before."""
        index = self._index(model)
        if model in self._collections and model in self.settings.models:
            self._check_vector_shape(self._collections[model])
        return index

    def indexes(self) -> dict[str, Index]:
        """Everywhere where points may be, by model."""
        with self.database.reading() as session:
            names = {found.model for found in collections.known(session)}
        if "index" in vars(self):
            names.add(self.settings.default_model)
        return {name: self._index(name) for name in sorted(names)}

    def breaker_of(self, model: str) -> CircuitBreaker:
        """The breaker of a model's embedder."""
        with self._creation_lock:
            return self._embedder_breakers.setdefault(model, CircuitBreaker("embedder"))

    @cached_property
    def heartbeat_thread(self) -> HeartbeatThread:
        """Renews the leases of what this process works on."""
        return HeartbeatThread(self.settings.heartbeat_seconds)

    @cached_property
    def rewriter(self) -> Rewriter:
        return query_rewriting.build(self.settings)

    @cached_property
    def queue(self) -> Queue:
        return BrokerQueue(self.settings)

    @cached_property
    def feeder(self) -> Feeder:
        return Feeder(self.database, self.queue, self.settings, self.poll_throttle)

    def publish_waiting(self) -> None:
        """Have waiting files published: now, or soon by the publisher so that nobody waits for the broker."""
        if self.feeder_thread is None:
            self.feeder.top_up()
        else:
            self.feeder_thread.request_top_up()

    def _build_embedder(self, model: str) -> Embedder:
        return embed.build(self._with_process_timeouts(self.settings.embedding_with(model)), self.timeouts.embedding_attempts)

    def _index(self, model: str) -> Index:
        if model == self.settings.default_model:
            return self.index
        found = self._indexes.get(model)
        if found is None:
            made = self._connect_index(model)  # may have to ask a slow embedder: nobody else waits for that
            with self._creation_lock:
                found = self._indexes.setdefault(model, made)
            if found is not made:
                made.close()
        return found

    def _connect_index(self, model: str) -> Index:
        with self.database.reading() as session:
            found = collections.get(session, model)
        if found is None:
            embedder = self.embedder_of(model)
            dimensions, multivector = embedder.dimensions, embedder.window_tokens is not None
            with self.database.transaction() as session:
                found = collections.add(session, model, dimensions=dimensions, multivector=multivector)
        self._collections[model] = found
        return self._open_index(found)

    def _check_vector_shape(self, found: Collection) -> None:
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

    def _open_index(self, found: Collection) -> Index:
        return Index.connect(
            self._with_process_timeouts(self.settings), model=found.model, dimensions=found.dimensions, multivector=found.multivector
        )

    def _with_process_timeouts(self, settings: Settings) -> Settings:
        """Settings with no more patience than this process has."""
        patience = {
            "qdrant_timeout_seconds": min(settings.qdrant_timeout_seconds, self.timeouts.qdrant_request),
            "embedding_timeout_seconds": min(settings.embedding_timeout_seconds, self.timeouts.embedding_request),
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
