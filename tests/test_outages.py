"""While something is down nobody claims files only to give them back, and soon after it is back all go on."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from ingest import jobs, outages, store_files
from ingest.blobs import raw
from ingest.db import outages as outage_rows
from ingest.db.models import StoreFile
from ingest.db.outages import FAILURES, LONGEST_ASKED_SECONDS, LONGEST_PAUSE_SECONDS, Standing
from ingest.errors import DependencyDown, InvalidFile
from ingest.steps.embed.remote import RemoteEmbedder
from ingest.sweep import dispatch
from tests.conftest import Clock
from tests.db import rows
from tests.embeddings import embeddings
from tests.fakes import CALLER, FakeTools
from tests.test_jobs import upload

FILES = 30


@pytest.fixture
def store(tools: FakeTools) -> str:
    """A store with files that wait."""
    store = rows.a_store(tools.database)
    rows.batch(tools.database, store, rows.files(tools.database, FILES))
    tools.blobs.put(raw("0" * 64), b"A heron stands in the water.")
    return store


def work(tools: FakeTools) -> list[str]:
    """Do what the broker is told until it is told nothing more."""
    results: list[str] = []
    for _ in range(2 * FILES):
        tools.feeder.top_up()
        told = [message for lane in tools.queue.lanes.values() for message in lane]
        for lane in tools.queue.lanes.values():
            lane.clear()
        if not told:
            return results
        results += [jobs.run(tools, message.row, owner="test/1").result for message in told]
    raise AssertionError("There is no end of messages.")


def attempts(tools: FakeTools) -> int:
    with tools.database.reading() as session:
        return int(session.scalar(select(func.sum(StoreFile.attempts))) or 0)


def standing(tools: FakeTools) -> Standing:
    with tools.database.reading() as session:
        return outage_rows.standing(session)


def down(tools: FakeTools, dependency: str = "embedder", retry_after: float | None = None) -> None:
    tools.embedder.error = DependencyDown(dependency, "no answer", retry_after_seconds=retry_after)


def test_an_outage_costs_few_attempts_however_many_files_wait(tools: FakeTools, store: str) -> None:
    down(tools)

    assert work(tools).count("delayed") == FAILURES
    assert attempts(tools) == FAILURES
    assert standing(tools) == Standing(("embedder",), ("embedder",), try_due=False)
    assert rows.counts(tools.database, store) == (FILES, 0, 0, 0)


@pytest.mark.parametrize("dependency", ["embedder", "qdrant", "blobs"])
def test_each_dependency_has_its_breaker(tools: FakeTools, store: str, dependency: str) -> None:
    down(tools, dependency)
    work(tools)

    assert standing(tools).down == (dependency,)


def test_while_it_lasts_one_file_tries_now_and_then(tools: FakeTools, store: str, clock: Clock) -> None:
    down(tools)
    work(tools)
    for tries in range(1, 11):
        clock.advance(LONGEST_PAUSE_SECONDS)
        assert work(tools).count("delayed") == 1
        assert attempts(tools) == FAILURES + tries


def test_the_first_file_that_completes_wakes_all_others_at_once(tools: FakeTools, store: str, clock: Clock) -> None:
    down(tools)
    work(tools)
    for _ in range(5):
        clock.advance(LONGEST_PAUSE_SECONDS)
        work(tools)
    tools.embedder.error = None

    clock.advance(LONGEST_PAUSE_SECONDS)

    assert work(tools) == ["completed"] * FILES
    assert standing(tools) == Standing()
    assert rows.counts(tools.database, store) == (0, FILES, 0, 0)


def test_a_single_file_is_tried_again_soon_however_often_it_failed(tools: FakeTools, clock: Clock) -> None:
    store = rows.a_store(tools.database)
    rows.attach(tools.database, store, rows.files(tools.database, 1))
    tools.blobs.put(raw("0" * 64), b"A heron stands in the water.")
    down(tools)
    for tries in range(1, 21):
        assert work(tools) == ["delayed"], tries
        clock.advance(LONGEST_PAUSE_SECONDS)
    tools.embedder.error = None

    assert work(tools) == ["completed"]


def test_messages_of_before_the_outage_spend_no_attempt_and_are_not_lost(
    tools: FakeTools, store: str, clock: Clock
) -> None:
    tools.feeder.top_up()
    told = list(tools.queue.lanes["bulk"])
    tools.queue.lanes["bulk"].clear()
    down(tools)

    results = [jobs.run(tools, message.row, owner="test/1").result for message in told]

    assert results == ["delayed"] * FAILURES + ["not to be had"] * (FILES - FAILURES)
    tools.embedder.error = None
    clock.advance(LONGEST_PAUSE_SECONDS)
    assert work(tools) == ["completed"] * FILES


def test_two_workers_do_not_try_at_once(tools: FakeTools, store: str, clock: Clock) -> None:
    down(tools)
    work(tools)
    clock.advance(LONGEST_PAUSE_SECONDS)
    with tools.database.reading() as session:
        waiting = session.scalars(select(StoreFile.row).where(StoreFile.attempts == 0).limit(2)).all()

    claims = [outages.claim(tools, row, owner=f"test/{row}") for row in waiting]

    assert [claim is not None for claim in claims] == [True, False]


def test_a_server_that_asks_for_peace_gets_it_within_limits(tools: FakeTools, store: str, clock: Clock) -> None:
    down(tools, retry_after=3_600)
    work(tools)

    clock.advance(LONGEST_ASKED_SECONDS - 1)
    assert work(tools) == []
    clock.advance(1)
    assert work(tools) == ["delayed"]


def test_single_failures_between_successes_are_no_outage(tools: FakeTools, store: str, clock: Clock) -> None:
    calls = iter(range(10_000))

    def now_and_then() -> None:
        tools.embedder.error = DependencyDown("embedder", "busy") if next(calls) % 2 else None

    tools.embedder.before = now_and_then
    results = work(tools)
    while rows.counts(tools.database, store)[0]:
        clock.advance(LONGEST_ASKED_SECONDS)
        results += work(tools)

    assert "not to be had" not in results
    assert rows.counts(tools.database, store) == (0, FILES, 0, 0)


def test_a_file_that_fails_by_itself_says_nothing_of_the_outage(tools: FakeTools, store: str, clock: Clock) -> None:
    down(tools)
    work(tools)
    tools.parser.error = InvalidFile("The file is broken.")
    clock.advance(LONGEST_PAUSE_SECONDS)

    assert work(tools) == ["failed"]
    assert standing(tools).down == ("embedder",)


def test_a_text_at_which_the_embedder_fails_costs_its_own_file_alone(tools: FakeTools) -> None:
    store = rows.a_store(tools.database)
    poisoned, *sound = (upload(tools, text) for text in ("A stork and some nightshade.", "A heron.", "A crane."))
    with embeddings() as model:
        model.poison = "nightshade"
        settings = tools.settings.model_copy(update={"embedding_url": model.url, "embedding_model": "letters"})
        tools.embedder = RemoteEmbedder(settings, sleep=lambda _: None)  # type: ignore[assignment]
        rows.attach(tools.database, store, [poisoned, *sound])

        assert sorted(work(tools)) == ["completed", "completed", "failed"]
        tools.embedder.close()

    assert standing(tools) == Standing()
    shown = store_files.retrieve(tools, CALLER, store, poisoned)
    assert (shown.status, shown.error_code) == ("failed", "server_error")
    assert "fails at a part of the text" in str(shown.error_message)
    assert attempts(tools) == 3


def test_what_the_broker_lost_meanwhile_is_published_when_it_is_over(
    tools: FakeTools, store: str, clock: Clock
) -> None:
    tools.feeder.top_up()
    tools.queue.lanes["bulk"].clear()
    down(tools)
    clock.advance(LONGEST_PAUSE_SECONDS)
    dispatch(tools)
    tools.embedder.error = None

    assert work(tools) == ["completed"] * FILES


@pytest.mark.parametrize("attempt", [1, 2, 3, 6, 7, 50])
def test_the_pause_before_a_retry_doubles_up_to_a_minute_and_no_two_files_wait_equally_long(
    tools: FakeTools, attempt: int
) -> None:
    """T6: between half and the whole of it, at random, so that what failed together does not come back together."""
    store = rows.a_store(tools.database)
    [row] = rows.attach(tools.database, store, rows.files(tools.database, 1))
    claim = replace(rows.claimed(tools.database, row), attempt=attempt)

    pauses = []
    with tools.database.transaction() as session:
        for _ in range(50):
            undone = session.begin_nested()
            pauses.append(outages.give_back(session, claim, DependencyDown("database", "away")))
            undone.rollback()

    whole = min(60.0, 2.0 ** (attempt - 1))
    assert all(whole / 2 <= pause <= whole for pause in pauses)
    assert len(set(pauses)) > 40


def test_a_dependency_that_says_when_to_come_back_is_not_asked_before(tools: FakeTools, clock: Clock) -> None:
    """T6"""
    store = rows.a_store(tools.database)
    [row] = rows.attach(tools.database, store, rows.files(tools.database, 1))
    claim = rows.claimed(tools.database, row)

    with tools.database.transaction() as session:
        error = DependencyDown("embedder", "busy", retry_after_seconds=40)
        assert outages.give_back(session, claim, error) == 40

    clock.advance(39)
    assert rows.claim(tools.database, row) is None
    clock.advance(1)
    assert rows.claimed(tools.database, row).attempt == 2
