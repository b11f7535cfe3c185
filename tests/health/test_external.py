"""Servers of the settings that do not answer are said at once, again after a while, and when they answer."""

import threading
import time

import pytest
from structlog.testing import capture_logs

from ingest.config import Settings
from ingest.embedded.processes import free_port
from ingest.health import external
from ingest.health.checks import CheckResult
from ingest.health.external import DependencyWatch, describe, external_checks, wait_until_up
from tests.raw_server import Peer, raw_server, swallowing


class Reports(list[str]):
    def __call__(self, name: str, result: CheckResult) -> None:
        self.append(describe(name, result).partition(", since")[0])


class Server:
    """Something whose check fails while `error` is set."""

    error: str = ""

    def __call__(self) -> None:
        if self.error:
            raise OSError(self.error)


@pytest.fixture(autouse=True)
def fresh_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.health.checks.FRESH_SECONDS", 0.0)


def test_a_server_that_does_not_answer_is_said_once_then_again_and_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    server, reports = Server(), Reports()
    watch = DependencyWatch({"broker": server}, reports)
    monkeypatch.setattr(external, "REPEAT_SECONDS", 1000.0)

    watch.look()
    assert (reports, watch.is_down("broker")) == ([], False)
    server.error = "refused"
    watch.look()
    watch.look()
    assert (reports, watch.is_down("broker")) == (["broker does not answer: refused"], True)
    monkeypatch.setattr(external, "REPEAT_SECONDS", 0.0)
    watch._next_report_at["broker"] = 0.0  # half a minute later
    watch.look()
    assert reports == ["broker does not answer: refused"] * 2
    server.error = ""
    watch.look()

    assert reports[2:] == ["broker answers again"]
    assert not watch.is_down("broker")


def refused_port() -> int:
    return free_port()


def settings_for(port: int) -> Settings:
    return Settings(
        redis_url=f"redis://127.0.0.1:{port}/0",
        database_url=f"postgresql://nobody@127.0.0.1:{port}/none",
        qdrant_url=f"http://127.0.0.1:{port}",
        embedding_url=f"http://127.0.0.1:{port}/v1",
        rerank_url=f"http://127.0.0.1:{port}",
    )


def first_look(settings: Settings) -> tuple[Reports, float]:
    """Return what is reported, and after how many seconds."""
    reports, started = Reports(), time.monotonic()
    watch = DependencyWatch(external_checks(settings), reports)
    watch.start()
    seconds = time.monotonic() - started
    watch.stop()
    return reports, seconds


def test_servers_that_refuse_are_said_within_five_seconds() -> None:
    reports, seconds = first_look(settings_for(refused_port()))

    assert [line.partition(" does not answer: ")[0] for line in sorted(reports)] == [
        "broker", "database", "embedder all-MiniLM-L6-v2", "qdrant", "reranker",
    ]  # fmt: skip
    assert all("refused" in line for line in reports)
    assert not any("nobody" in line for line in reports)
    assert seconds < 5


def test_servers_that_swallow_are_said_within_five_seconds() -> None:
    with swallowing() as server:
        reports, seconds = first_look(settings_for(server.port))

    assert {line.partition(" does not answer")[0] for line in reports} >= {"broker", "database"}
    assert seconds < 5


def test_a_name_that_does_not_resolve_and_a_lookup_that_hangs_are_said_within_five_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: released.wait(30))
    settings = Settings(redis_url="redis://slow.invalid/0", qdrant_url="http://slow.invalid")

    reports, seconds = first_look(settings)
    released.set()

    assert len(reports) == 2
    assert seconds < 5


def test_what_the_service_starts_itself_has_no_check() -> None:
    assert external_checks(Settings(redis_url="", database_url="", qdrant_url="", embedding_url="")) == {}


def answer_pings(peer: Peer) -> None:
    while data := peer.connection.recv(65_536):
        peer.send(b"+OK\r\n" * data.count(b"CLIENT") + b"+PONG\r\n" * data.count(b"PING"))


def test_workers_wait_for_their_servers_and_log_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker refuses, and answers after the second look."""
    monkeypatch.setattr(external, "POLL_SECONDS", 0.01)
    looks: list[object] = []

    def check(_: str) -> None:
        looks.append(None)
        if len(looks) < 3:
            raise OSError("Connection refused")

    monkeypatch.setattr(external, "check_broker", check)
    with capture_logs() as records:
        has_waited = wait_until_up(Settings(redis_url="redis://broker/0", database_url=""), ("broker", "database"))

    waits = [record for record in records if record["event"] in ("waiting_for_dependency", "dependency_answers")]
    assert has_waited
    assert [record["event"] for record in waits] == ["waiting_for_dependency", "dependency_answers"]
    assert (waits[0]["dependency"], waits[0]["reason"]) == ("broker", "Connection refused")
    assert waits[0]["since"].endswith("+00:00")


def test_nothing_waits_while_the_servers_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "check_broker", lambda _: None)

    assert not wait_until_up(Settings(redis_url="redis://broker/0", database_url=""), ("broker", "database"))


def test_a_broker_that_answers_is_up() -> None:
    with raw_server(answer_pings) as server:
        external.check_broker(f"redis://127.0.0.1:{server.port}/0?protocol=2")
