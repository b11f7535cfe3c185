"""The service verifies itself at its time, once however many processes there are, and tells what it found."""

from pathlib import Path

import pytest

from ingest.db.checks import verifications
from ingest.verify.nightly import Nightly
from tests.conftest import Clock
from tests.fakes import FakeServices
from tests.jobs.test_run import upload

HOUR = 3600


@pytest.fixture
def night(services: FakeServices, clock: Clock) -> Nightly:
    """One that has been started at eight in the morning, and whose time is three at night."""
    nightly = Nightly(services)
    assert clock() % (24 * HOUR) == 8 * HOUR
    assert not nightly.round()
    return nightly


def test_it_verifies_at_its_time_and_only_then(services: FakeServices, night: Nightly, clock: Clock) -> None:
    clock.advance(19 * HOUR - 1)
    assert not night.round()
    clock.advance(1)

    assert night.round()
    assert not night.round()
    with services.database.reading() as session:
        found = verifications.last(session)
    assert found is not None
    assert (found.ended_at, dict(found.findings)) == (clock(), {})


def test_of_two_processes_one_does_it_and_what_was_missed_is_made_up_for_once(
    services: FakeServices, night: Nightly, clock: Clock
) -> None:
    clock.advance(5 * 24 * HOUR)
    other = Nightly(services)

    assert [night.round(), other.round(), night.round()] == [True, False, False]


def test_what_it_finds_is_told_by_kind(services: FakeServices, night: Nightly, clock: Clock) -> None:
    upload(services, "a heron")
    for path in Path(services.settings.data / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    clock.advance(24 * HOUR)

    assert night.round()

    with services.database.reading() as session:
        found = verifications.last(session)
    assert found is not None
    assert dict(found.findings) == {"blob missing": 1}


def test_another_time_in_the_settings_counts_from_now_on(services: FakeServices, night: Nightly, clock: Clock) -> None:
    hourly = services.settings.model_copy(update={"verify_cron": "0 * * * *"})
    services.settings = hourly

    assert not night.round()
    clock.advance(HOUR)
    assert night.round()
