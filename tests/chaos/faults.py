"""Faults for a running service: each kind once, in an order that a seed decides."""

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
    """Injects faults, records the time of each, and reverts those that last."""

    cluster: Cluster
    random: random.Random
    log: list[tuple[float, str]] = field(default_factory=list)
    _started: float = 0.0
    _reversals: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def run(self, seconds: float, meanwhile: dict[str, Callable[[], None]]) -> None:
        """Inject every kind of fault, and call `meanwhile`, spread over this many seconds."""
        kinds: list[tuple[str, Callable[[], None]]] = [*((name, self._bound(do)) for name, do in FAULTS.items())]
        kinds += meanwhile.items()
        self._started = time.monotonic()
        self.random.shuffle(kinds)
        moments = sorted(self.random.uniform(0, seconds) for _ in kinds)
        for moment, (name, do) in zip(moments, kinds, strict=True):
            while time.monotonic() - self._started < moment:
                self.revert_due()
                time.sleep(0.02)
            self._inject(name, do)
        while self._reversals:
            self.revert_due()
            time.sleep(0.05)
        self._note("all faults are reverted")

    def inject(self, name: str) -> None:
        """Inject one kind of fault now."""
        self._inject(name, self._bound(FAULTS[name]))

    def revert_due(self) -> None:
        """Revert the faults that have lasted long enough."""
        for due in [entry for entry in self._reversals if entry[0] <= time.monotonic()]:
            self._reversals.remove(due)
            due[1]()

    def revert_later(self, seconds: float, undo: Callable[[], object]) -> None:
        """Schedule the reversal of a fault."""
        self._reversals.append((time.monotonic() + seconds, undo))

    def _bound(self, fault: Fault) -> Callable[[], None]:
        return lambda: fault(self)

    def _inject(self, name: str, do: Callable[[], None]) -> None:
        self._note(name)
        try:
            do()
        except (psutil.NoSuchProcess, psycopg.Error, RedisError) as exc:
            self._note(f"  the target was already down: {exc!r:.80}")

    def _note(self, what: str) -> None:
        self.log.append((round(time.monotonic() - self._started, 2), what))


def _worker_child(faults: Faults) -> psutil.Process:
    children = faults.cluster.process("worker").children()
    if not children:
        raise psutil.NoSuchProcess(0, "worker child")
    return faults.random.choice(children)


def _freeze(processes: list[psutil.Process], faults: Faults) -> None:
    def resume() -> None:
        for process in processes:
            if process.is_running():
                process.resume()

    for process in processes:
        process.suspend()
    faults.revert_later(FROZEN_SECONDS, resume)


def _freeze_tree(faults: Faults) -> None:
    parent = faults.cluster.process("worker")
    _freeze([parent, *parent.children(recursive=True)], faults)


def _two_beats(faults: Faults) -> None:
    second = faults.cluster.parts["second beat"]
    second.not_before = 0.0
    faults.revert_later(2 * OUTAGE_SECONDS, lambda: faults.cluster.kill_and_hold("second beat", float("inf")))


def _flush(faults: Faults) -> None:
    with Redis.from_url(faults.cluster.environment["INGEST_REDIS_URL"], socket_timeout=1) as broker:
        broker.flushall()


def _terminate_backends(faults: Faults) -> None:
    with psycopg.connect(faults.cluster.postgres_url, autocommit=True, connect_timeout=1) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def _model(behaviour: str) -> Fault:
    def misbehave(faults: Faults) -> None:
        model = faults.cluster.embeddings
        model.behaviour = behaviour  # type: ignore[assignment]  # a str of FAULTS
        faults.revert_later(OUTAGE_SECONDS, lambda: setattr(model, "behaviour", "answer"))

    return misbehave


def _qdrant(mode: str) -> Fault:
    def misbehave(faults: Faults) -> None:
        proxy = faults.cluster.qdrant
        proxy.set(mode)  # type: ignore[arg-type]  # a str of FAULTS
        faults.revert_later(OUTAGE_SECONDS, lambda: proxy.set("pass"))

    return misbehave


def _kill(name: str, *, tree: bool = False, number: signal.Signals = signal.SIGKILL) -> Fault:
    return lambda faults: faults.cluster.signal(name, number, tree=tree)


def _hold_down(name: str, seconds: float) -> Fault:
    return lambda faults: faults.cluster.kill_and_hold(name, seconds)


FAULTS: dict[str, Fault] = {
    "a worker's child is killed": lambda faults: _worker_child(faults).kill(),
    "another worker's child is killed": lambda faults: _worker_child(faults).kill(),
    "the worker's parent is killed": _kill("worker"),
    "the worker's whole tree is killed": _kill("worker", tree=True),
    "the worker gets SIGTERM": _kill("worker", number=signal.SIGTERM),
    "a worker's child is frozen for longer than its lease": lambda faults: _freeze([_worker_child(faults)], faults),
    "the worker's whole tree is frozen for longer than its leases": _freeze_tree,
    "the API is killed": _kill("api"),
    "beat is stopped for a while": _hold_down("beat", 2 * OUTAGE_SECONDS),
    "there are two beats for a while": _two_beats,
    "the broker is flushed": _flush,
    "the broker is killed and restarted empty": _hold_down("valkey", 2.0),
    "Postgres ends every connection": _terminate_backends,
    "Postgres is restarted without a shutdown": _kill("postgres", number=signal.SIGQUIT),
    "the vectors process is killed": _kill("vectors"),
    "Qdrant is slow": _qdrant("slow"),
    "Qdrant does not answer": _qdrant("blackhole"),
    "Qdrant answers 500": _qdrant("error"),
    "Qdrant resets every connection": _qdrant("reset"),
    "the embedder answers 500": _model("error"),
    "the embedder does not answer": _model("silent"),
    "the embedder is slow": _model("slow"),
}

FAULTS_UNDER_LOAD = (
    "a worker's child is killed",
    "another worker's child is killed",
    "a worker's child is frozen for longer than its lease",
    "a worker's child is killed",
    "Postgres ends every connection",
    "the worker's whole tree is killed",
    "the vectors process is killed",
    "another worker's child is killed",
)
"""Faults to repeat while all workers are busy, so that they hit files in progress and not idle processes."""
