"""While something is down nobody claims files only to give them back, and soon after it is back all go on."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from ingest.blobs import raw
from ingest.db.models import StoreFile
from ingest.db.queue import outages as outage_rows
from ingest.db.queue.outages import FAILURES, LONGEST_ASKED_SECONDS, LONGEST_PAUSE_SECONDS, Standing
from ingest.errors import DependencyDown, InvalidFile
from ingest.jobs import outages, run
from ingest.jobs.maintenance import dispatch
from ingest.steps.embed.remote import RemoteEmbedder
from ingest.stores import members
from tests.conftest import Clock
from tests.db import rows
from tests.embeddings import embeddings
from tests.fakes import CALLER, FakeServices
from tests.jobs.test_run import upload

FILES = 30


@pytest.fixture
def store(services: FakeServices) -> str:
    """A store with files that wait."""
    store = rows.a_store(services.database)
    rows.batch(services.database, store, rows.files(services.database, FILES))
    services.blobs.put(raw("0" * 64), b"A heron stands in the water.")
    return store


def work(services: FakeServices) -> list[str]:
    """Do what the broker is told until it is told nothing more."""
    results: list[str] = []
    for _ in range(2 * FILES):
        services.feeder.top_up()
        told = [message for lane in services.queue.lanes.values() for message in lane]
        for lane in services.queue.lanes.values():
            lane.clear()
        if not told:
            return results
        results += [run.run(services, message.row, owner="test/1").result for message in told]
    raise AssertionError("There is no end of messages.")


def attempts(services: FakeServices) -> int:
    with services.database.reading() as session:
        return int(session.scalar(select(func.sum(StoreFile.attempts))) or 0)


def standing(services: FakeServices) -> Standing:
    with services.database.reading() as session:
        return outage_rows.standing(session)


def down(services: FakeServices, dependency: str = "embedder", retry_after: float | None = None) -> None:
    services.embedder.error = DependencyDown(dependency, "no answer", retry_after_seconds=retry_after)


def test_an_outage_costs_few_attempts_however_many_files_wait(services: FakeServices, store: str) -> None:
    down(services)

    assert work(services).count("delayed") == FAILURES
    assert attempts(services) == FAILURES
    assert standing(services) == Standing(("embedder",), ("embedder",), try_due=False)
    assert rows.counts(services.database, store) == (FILES, 0, 0, 0)


@pytest.mark.parametrize("dependency", ["embedder", "qdrant", "blobs"])
def test_each_dependency_has_its_breaker(services: FakeServices, store: str, dependency: str) -> None:
    down(services, dependency)
    work(services)

    assert standing(services).down == (dependency,)


def test_while_it_lasts_one_file_tries_now_and_then(services: FakeServices, store: str, clock: Clock) -> None:
    down(services)
    work(services)
    for tries in range(1, 11):
        clock.advance(LONGEST_PAUSE_SECONDS)
        assert work(services).count("delayed") == 1
        assert attempts(services) == FAILURES + tries


def test_the_first_file_that_completes_wakes_all_others_at_once(
    services: FakeServices, store: str, clock: Clock
) -> None:
    down(services)
    work(services)
    for _ in range(5):
        clock.advance(LONGEST_PAUSE_SECONDS)
        work(services)
    services.embedder.error = None

    clock.advance(LONGEST_PAUSE_SECONDS)

    assert work(services) == ["completed"] * FILES
    assert standing(services) == Standing()
    assert rows.counts(services.database, store) == (0, FILES, 0, 0)


def test_a_single_file_is_tried_again_soon_however_often_it_failed(services: FakeServices, clock: Clock) -> None:
    store = rows.a_store(services.database)
    rows.attach(services.database, store, rows.files(services.database, 1))
    services.blobs.put(raw("0" * 64), b"A heron stands in the water.")
    down(services)
    for tries in range(1, 21):
        assert work(services) == ["delayed"], tries
        clock.advance(LONGEST_PAUSE_SECONDS)
    services.embedder.error = None

    assert work(services) == ["completed"]


def test_messages_of_before_the_outage_spend_no_attempt_and_are_not_lost(
    services: FakeServices, store: str, clock: Clock
) -> None:
    services.feeder.top_up()
    told = list(services.queue.lanes["bulk"])
    services.queue.lanes["bulk"].clear()
    down(services)

    results = [run.run(services, message.row, owner="test/1").result for message in told]

    assert results == ["delayed"] * FAILURES + ["not to be had"] * (FILES - FAILURES)
    services.embedder.error = None
    clock.advance(LONGEST_PAUSE_SECONDS)
    assert work(services) == ["completed"] * FILES


def test_two_workers_do_not_try_at_once(services: FakeServices, store: str, clock: Clock) -> None:
    down(services)
    work(services)
    clock.advance(LONGEST_PAUSE_SECONDS)
    with services.database.reading() as session:
        waiting = session.scalars(select(StoreFile.row).where(StoreFile.attempts == 0).limit(2)).all()

    claims = [outages.claim(services, row, owner=f"test/{row}") for row in waiting]

    assert [claim is not None for claim in claims] == [True, False]


def test_a_server_that_asks_for_peace_gets_it_within_limits(services: FakeServices, store: str, clock: Clock) -> None:
    down(services, retry_after=3_600)
    work(services)

    clock.advance(LONGEST_ASKED_SECONDS - 1)
    assert work(services) == []
    clock.advance(1)
    assert work(services) == ["delayed"]


def test_single_failures_between_successes_are_no_outage(services: FakeServices, store: str, clock: Clock) -> None:
    calls = iter(range(10_000))

    def now_and_then() -> None:
        services.embedder.error = DependencyDown("embedder", "busy") if next(calls) % 2 else None

    services.embedder.before = now_and_then
    results = work(services)
    while rows.counts(services.database, store)[0]:
        clock.advance(LONGEST_ASKED_SECONDS)
        results += work(services)

    assert "not to be had" not in results
    assert rows.counts(services.database, store) == (0, FILES, 0, 0)


def test_a_file_that_fails_by_itself_says_nothing_of_the_outage(
    services: FakeServices, store: str, clock: Clock
) -> None:
    down(services)
    work(services)
    services.parser.error = InvalidFile("The file is broken.")
    clock.advance(LONGEST_PAUSE_SECONDS)

    assert work(services) == ["failed"]
    assert standing(services).down == ("embedder",)


def test_a_text_at_which_the_embedder_fails_costs_its_own_file_alone(services: FakeServices) -> None:
    store = rows.a_store(services.database)
    poisoned, *sound = (upload(services, text) for text in ("A stork and some nightshade.", "A heron.", "A crane."))
    with embeddings() as model:
        model.poison = "nightshade"
        settings = services.settings.model_copy(update={"embedding_url": model.url, "embedding_model": "letters"})
        services.embedder = RemoteEmbedder(settings, sleep=lambda _: None)  # type: ignore[assignment]
        rows.attach(services.database, store, [poisoned, *sound])

        assert sorted(work(services)) == ["completed", "completed", "failed"]
        services.embedder.close()

    assert standing(services) == Standing()
    shown = members.retrieve(services, CALLER, store, poisoned)
    assert (shown.status, shown.error_code) == ("failed", "server_error")
    assert "fails at a part of the text" in str(shown.error_message)
    assert attempts(services) == 3


def test_what_the_broker_lost_meanwhile_is_published_when_it_is_over(
    services: FakeServices, store: str, clock: Clock
) -> None:
    services.feeder.top_up()
    services.queue.lanes["bulk"].clear()
    down(services)
    clock.advance(LONGEST_PAUSE_SECONDS)
    dispatch(services)
    services.embedder.error = None

    assert work(services) == ["completed"] * FILES


@pytest.mark.parametrize("attempt", [1, 2, 3, 6, 7, 50])
def test_the_pause_before_a_retry_doubles_up_to_a_minute_and_no_two_files_wait_equally_long(
    services: FakeServices, attempt: int
) -> None:
    """T6: between half and the whole of it, at random, so that what failed together does not come back together."""
    store = rows.a_store(services.database)
    [row] = rows.attach(services.database, store, rows.files(services.database, 1))
    claim = replace(rows.claimed(services.database, row), attempt=attempt)

    pauses = []
    with services.database.transaction() as session:
        for _ in range(50):
            undone = session.begin_nested()
            pauses.append(outages.give_back(session, claim, DependencyDown("database", "away")))
            undone.rollback()

    whole = min(60.0, 2.0 ** (attempt - 1))
    assert all(whole / 2 <= pause <= whole for pause in pauses)
    assert len(set(pauses)) > 40


def test_a_dependency_that_says_when_to_come_back_is_not_asked_before(services: FakeServices, clock: Clock) -> None:
    """T6"""
    store = rows.a_store(services.database)
    [row] = rows.attach(services.database, store, rows.files(services.database, 1))
    claim = rows.claimed(services.database, row)

    with services.database.transaction() as session:
        error = DependencyDown("embedder", "busy", retry_after_seconds=40)
        assert outages.give_back(session, claim, error) == 40

    clock.advance(39)
    assert rows.claim(services.database, row) is None
    clock.advance(1)
    assert rows.claimed(services.database, row).attempt == 2
