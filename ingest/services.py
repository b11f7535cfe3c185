"""The objects that requests and jobs work with, wired once per process from the settings."""

import threading
from collections.abc import Callable
from functools import cached_property, partial
from math import inf

from ingest import blobs
from ingest.blobs import Blobs
from ingest.config import Settings
from ingest.config.secrets_keys import load_secrets_keys
from ingest.db.content import collections
from ingest.db.models import Collection
from ingest.db.session import Database
from ingest.dispatch.broker import BrokerQueue, Queue
from ingest.dispatch.feeder import Feeder, FeederThread
from ingest.dispatch.poll_throttle import PollThrottle
from ingest.errors import DependencyDown
from ingest.health import probes
from ingest.health.checks import DependencyChecks
from ingest.health.waits import Waits
from ingest.net.breaker import CircuitBreaker
from ingest.runtime import uptime
from ingest.runtime.heartbeat import HeartbeatThread
from ingest.secret_box import SecretBox
from ingest.steps import embed, query_rewriting, rerank
from ingest.steps.embed import Embedder
from ingest.steps.index import Index, QdrantIndex
from ingest.steps.parse import Parser, ocr
from ingest.steps.query_rewriting import Rewriter
from ingest.steps.rerank import Reranker
from ingest.timeouts import REPORT_TIMEOUTS, Timeouts


class Services:
    """The process's collaborators. Each is made at its first use, so never before a fork. Tests replace them.

    `poll_throttle` is shared by all processes of a worker; without one the process has its own.
    """

    def __init__(
        self, settings: Settings, timeouts: Timeouts = REPORT_TIMEOUTS, poll_throttle: PollThrottle | None = None
    ) -> None:
        self.settings = settings
        self.timeouts = timeouts
        self.poll_throttle = poll_throttle or PollThrottle()
        self.stopping = threading.Event()
        """Set when this process must end soon: jobs release their files."""
        self.parser_lock = threading.Lock()
        """Hold it while using `parser` in a process with several threads."""
        self.breakers = {name: CircuitBreaker(name) for name in ("qdrant", "embedder", "reranker")}
        """By dependency. `embedder` is the breaker of the default model."""
        self.failing_dependencies: tuple[str, ...] = ()
        """Dependencies that were failing when this process last claimed a file (ingest/jobs/outages.py)."""
        self.uptime: Callable[[], float] = uptime.read
        """Time that no setting of the clock changes (ingest/jobs/clock_watch.py)."""
        self.seconds_since_clock_jump = inf
        """Time since the database's clock jumped, at the last run of maintenance in this process."""
        self.row_numbers_are_advanced = False
        """Whether this process has seen to it that no row number of a point is given out (ingest/jobs/row_numbers.py)."""
        self.feeder_thread: FeederThread | None = None
        """Publishes for requests, in processes that answer requests."""
        self.cosine_floors: dict[str, float] = {}
        """Mean cosine of unrelated sentences by model, as far as this process knows (ingest/search/cosine_floor.py)."""
        self.script_gains: dict[tuple[str, str], float] = {}
        """How well a model knows a script, by both, as far as this process knows (ingest/search/script_gains.py)."""
        self._creation_lock = threading.Lock()
        self._embedders: dict[str, Embedder] = {}
        self._indexes: dict[str, Index] = {}
        self._collections: dict[str, Collection] = {}
        self._embedder_breakers = {settings.default_model: self.breakers["embedder"]}

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.sql_url, timeouts=self.timeouts)

    @cached_property
    def blobs(self) -> Blobs:
        return blobs.connect(self.settings)

    @cached_property
    def secret_box(self) -> SecretBox:
        """Encrypts the secrets in the database. Raises Refused if the file of its keys cannot be used."""
        return SecretBox(load_secrets_keys(self.settings))

    @cached_property
    def parser(self) -> Parser:
        return Parser(self.settings)

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder of the default model, the model of new stores."""
        return self._build_embedder(self.settings.default_model)

    @cached_property
    def index(self) -> Index:
        """The index of the default model. Raises what `index_of` raises, but does not check the shape of vectors."""
        return self._connect_index(self.settings.default_model)

    @cached_property
    def heartbeat_thread(self) -> HeartbeatThread:
        """Renews the leases of this process's jobs."""
        return HeartbeatThread(self.settings.heartbeat_seconds)

    @cached_property
    def rewriter(self) -> Rewriter:
        return query_rewriting.build_rewriter(self.settings)

    @cached_property
    def reranker(self) -> Reranker | None:
        """The reranker of searches, or None if none is configured."""
        return rerank.build(self.settings)

    @cached_property
    def queue(self) -> Queue:
        return BrokerQueue(self.settings)

    @cached_property
    def feeder(self) -> Feeder:
        return Feeder(self.database, self.queue, self.settings, self.poll_throttle, slow_apart=self.has_slow_lane)

    @cached_property
    def checks(self) -> DependencyChecks:
        """Checks of everything that requests and jobs need."""
        checks: dict[str, Callable[[], object]] = {
            "database": lambda: self.database.ping(),
            "broker": lambda: self.queue.depth("interactive"),
            "qdrant": lambda: self.index.ping(),
            "blobs": lambda: probes.check_blobs(self.blobs, self.settings),
        }
        if self.database.is_sqlite:
            checks["disk"] = lambda: probes.check_disk(self.settings.data)
        for name, model in self.settings.models.items():
            checks[f"embedder {name}"] = partial(probes.check_embedder, model)
        if self.settings.rerank_url or self.settings.rerank_model_path:
            checks["reranker"] = lambda: probes.check_reranker(self.settings)
        return DependencyChecks(checks)

    @cached_property
    def waits(self) -> Waits:
        """Explains why files and batches wait."""
        return Waits(self.database, self.settings, self.checks, slow_apart=self.has_slow_lane)

    @cached_property
    def has_slow_lane(self) -> bool:
        """Whether files that need OCR have workers of their own."""
        return ocr.has_slow_lane(self.settings)

    def embedder_of(self, model: str) -> Embedder:
        """Return the embedder of a model, by its configured name. Raises ModelMissing."""
        if model == self.settings.default_model:
            return self.embedder
        with self._creation_lock:
            if model not in self._embedders:
                self._embedders[model] = self._build_embedder(model)
            return self._embedders[model]

    def index_of(self, model: str) -> Index:
        """Return the index of a model, which need not be configured any more if it has points.

        Raises ModelMissing for a model without points and configuration. Raises DependencyDown when a remote embedder
        must be asked for its dimensions and does not answer, or when its vectors have another shape than before.
        """
        index = self._index(model)
        if model in self._collections and model in self.settings.models:
            self._check_vector_shape(self._collections[model])
        return index

    def indexes(self) -> dict[str, Index]:
        """Return every index that may hold points, by model."""
        with self.database.reading() as session:
            models = {collection.model for collection in collections.list_all(session)}
        if "index" in vars(self):
            models.add(self.settings.default_model)
        return {model: self._index(model) for model in sorted(models)}

    def breaker_of(self, model: str) -> CircuitBreaker:
        """Return the circuit breaker of a model's embedder."""
        with self._creation_lock:
            return self._embedder_breakers.setdefault(model, CircuitBreaker("embedder"))

    def publish_waiting(self) -> None:
        """Publish waiting files: in the feeder thread if there is one, so that no request waits for the broker."""
        if self.feeder_thread is None:
            self.feeder.top_up()
        else:
            self.feeder_thread.request_top_up()

    def close(self) -> None:
        """Close the connections, the parser's process and the models that were used."""
        created = vars(self)
        for name in ("heartbeat_thread", "parser", "embedder", "index", "rewriter"):
            if name in created:
                created[name].close()
        if created.get("reranker") is not None:
            created["reranker"].close()
        for embedder in self._embedders.values():
            embedder.close()
        for index in self._indexes.values():
            index.close()
        if "database" in created:
            created["database"].dispose()

    def _build_embedder(self, model: str) -> Embedder:
        settings = self._with_process_timeouts(self.settings.embedding_with(model))
        return embed.build(settings, self.timeouts.embedding_attempts)

    def _index(self, model: str) -> Index:
        if model == self.settings.default_model:
            return self.index
        index = self._indexes.get(model)
        if index is None:
            created = self._connect_index(model)  # outside the lock: it may have to ask a slow embedder
            with self._creation_lock:
                index = self._indexes.setdefault(model, created)
            if index is not created:
                created.close()
        return index

    def _connect_index(self, model: str) -> Index:
        with self.database.reading() as session:
            collection = collections.get(session, model)
        if collection is None:
            embedder = self.embedder_of(model)
            dimensions, multivector = embedder.dimensions, embedder.window_tokens is not None
            with self.database.transaction() as session:
                collection = collections.register(session, model, dimensions=dimensions, multivector=multivector)
        self._collections[model] = collection
        return self._open_index(collection)

    def _open_index(self, collection: Collection) -> Index:
        return QdrantIndex.connect(
            self._with_process_timeouts(self.settings),
            model=collection.model,
            dimensions=collection.dimensions,
            multivector=collection.multivector,
        )

    def _check_vector_shape(self, collection: Collection) -> None:
        """Check that a model's name still means vectors of the same shape. Raises DependencyDown."""
        dimensions = self.settings.models[collection.model].dimensions or collection.dimensions
        multivector = self.embedder_of(collection.model).window_tokens is not None
        if (dimensions, multivector) != (collection.dimensions, collection.multivector):
            shape = f"{collection.dimensions} dimensions, {'several' if collection.multivector else 'one'} a chunk"
            raise DependencyDown(
                "embedder",
                f"is configured to give other vectors for '{collection.model}' than it gave ({shape}): give it another "
                "name in INGEST_EMBEDDING_MODELS, so that stores can move from one to the other",
            )

    def _with_process_timeouts(self, settings: Settings) -> Settings:
        """Return settings whose timeouts are no longer than this process's."""
        limits = {
            "qdrant_timeout_seconds": min(settings.qdrant_timeout_seconds, self.timeouts.qdrant_request),
            "embedding_timeout_seconds": min(settings.embedding_timeout_seconds, self.timeouts.embedding_request),
        }
        return settings.model_copy(update=limits)
