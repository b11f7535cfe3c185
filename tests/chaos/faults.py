"""What is done to a running service, each kind once and in an order that a seed decides."""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import psycopg
from redis import Redis
from redis.exceptions import RedisError

from tests.chaos.cluster import LEASE_SECONDS, Cluster

FROZEN_SECONDS = LEASE_SECONDS + 2
OUTAGE_SECONDS = 4.0

Fault = Callable[["Faults"], None]


@dataclass
class Faults:
    """Does them, writes down when, and undoes what lasts."""

    cluster: Cluster
    chance: random.Random
    log: list[tuple[float, str]] = field(default_factory=list)
    _started: float = 0.0
    _undo: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def run(self, seconds: float, meanwhile: dict[str, Callable[[], None]]) -> None:
        """All kinds, and `meanwhile` of the caller's, spread over so many seconds."""
        kinds: list[tuple[str, Callable[[], None]]] = [*((name, self._bound(do)) for name, do in KINDS.items())]
        kinds += meanwhile.items()
        self._started = time.monotonic()
        self.chance.shuffle(kinds)
        moments = sorted(self.chance.uniform(0, seconds) for _ in kinds)
        for moment, (name, do) in zip(moments, kinds, strict=True):
            while time.monotonic() - self._started < moment:
                self.heal()
                time.sleep(0.02)
            self._strike(name, do)
        while self._undo:
            self.heal()
            time.sleep(0.05)
        self._note("all is well again")

    def strike(self, name: str) -> None:
        """One kind, now."""
        self._strike(name, self._bound(KINDS[name]))

    def heal(self) -> None:
        """Undo what has lasted long enough."""
        for due in [entry for entry in self._undo if entry[0] <= time.monotonic()]:
            self._undo.remove(due)
            due[1]()

    def later(self, seconds: float, undo: Callable[[], object]) -> None:
        """Undo something after a while."""
        self._undo.append((time.monotonic() + seconds, undo))

    def _bound(self, fault: Fault) -> Callable[[], None]:
        return lambda: fault(self)

    def _strike(self, name: str, do: Callable[[], None]) -> None:
        self._note(name)
        try:
            do()
        except (psutil.NoSuchProcess, psycopg.Error, RedisError) as exc:
            self._note(f"  which was away itself: {exc!r:.80}")

    def _note(self, what: str) -> None:
        self.log.append((round(time.monotonic() - self._started, 2), what))


def _worker_child(faults: Faults) -> psutil.Process:
    children = faults.cluster.process("worker").children()
    if not children:
        raise psutil.NoSuchProcess(0, "worker child")
    return faults.chance.choice(children)


def _freeze(processes: list[psutil.Process], faults: Faults) -> None:
    def thaw() -> None:
        for process in processes:
            if process.is_running():
                process.resume()

    for process in processes:
        process.suspend()
    faults.later(FROZEN_SECONDS, thaw)


def _freeze_tree(faults: Faults) -> None:
    parent = faults.cluster.process("worker")
    _freeze([parent, *parent.children(recursive=True)], faults)


def _two_beats(faults: Faults) -> None:
    second = faults.cluster.parts["second beat"]
    second.not_before = 0.0
    faults.later(2 * OUTAGE_SECONDS, lambda: faults.cluster.hold("second beat", float("inf")))


def _flush(faults: Faults) -> None:
    with Redis.from_url(faults.cluster.environment["INGEST_REDIS_URL"], socket_timeout=1) as broker:
        broker.flushall()


def _terminate_backends(faults: Faults) -> None:
    with psycopg.connect(faults.cluster.postgres_url, autocommit=True, connect_timeout=1) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def _model(manner: str) -> Fault:
    def misbehave(faults: Faults) -> None:
        model = faults.cluster.embeddings
        model.manner = manner  # type: ignore[assignment]
        faults.later(OUTAGE_SECONDS, lambda: setattr(model, "manner", "answer"))

    return misbehave


def _qdrant(mode: str) -> Fault:
    def misbehave(faults: Faults) -> None:
        proxy = faults.cluster.qdrant
        proxy.set(mode)  # type: ignore[arg-type]
        faults.later(OUTAGE_SECONDS, lambda: proxy.set("pass"))

    return misbehave


def _kill(name: str, *, tree: bool = False, number: signal.Signals = signal.SIGKILL) -> Fault:
    return lambda faults: faults.cluster.signal(name, number, tree=tree)


def _away(name: str, seconds: float) -> Fault:
    return lambda faults: faults.cluster.hold(name, seconds)


KINDS: dict[str, Fault] = {
    "a worker's child is killed": lambda faults: _worker_child(faults).kill(),
    "another worker's child is killed": lambda faults: _worker_child(faults).kill(),
    "the worker's parent is killed": _kill("worker"),
    "the worker's whole tree is killed": _kill("worker", tree=True),
    "the worker is asked to end": _kill("worker", number=signal.SIGTERM),
    "a worker's child is frozen for longer than its lease": lambda faults: _freeze([_worker_child(faults)], faults),
    "the worker's whole tree is frozen for longer than its leases": _freeze_tree,
    "the API is killed": _kill("api"),
    "beat is dead for a while": _away("beat", 2 * OUTAGE_SECONDS),
    "there are two beats for a while": _two_beats,
    "the broker forgets everything": _flush,
    "the broker is killed and comes back empty": _away("valkey", 2.0),
    "Postgres ends every connection": _terminate_backends,
    "Postgres is restarted without a shutdown": _kill("postgres", number=signal.SIGQUIT),
    "the vectors process is killed": _kill("vectors"),
    "Qdrant is slow": _qdrant("slow"),
    "Qdrant does not answer": _qdrant("blackhole"),
    "Qdrant answers 500": _qdrant("error"),
    "Qdrant cuts every connection": _qdrant("reset"),
    "the embedder answers 500": _model("error"),
    "the embedder does not answer": _model("silent"),
    "the embedder is slow": _model("slow"),
}

IN_WORK = (
    "a worker's child is killed",
    "another worker's child is killed",
    "a worker's child is frozen for longer than its lease",
    "a worker's child is killed",
    "Postgres ends every connection",
    "the worker's whole tree is killed",
    "the vectors process is killed",
    "another worker's child is killed",
)
"""What is done once more when all is well and the workers are busy: then it strikes files, not idle processes."""
