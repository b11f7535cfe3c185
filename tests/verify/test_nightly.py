"""The scheduled verification runs once at its time, for any number of processes, and saves its findings."""

from pathlib import Path

import pytest

from ingest.db.checks import verifications
from ingest.verify.nightly import NightlyVerifier
from tests.conftest import Clock
from tests.fakes import FakeServices
from tests.jobs.scenes import upload_text

HOUR = 3600


@pytest.fixture
def verifier(services: FakeServices, clock: Clock) -> NightlyVerifier:
    """A verifier that started at 8:00 and is due at 3:00."""
    verifier = NightlyVerifier(services)
    assert clock() % (24 * HOUR) == 8 * HOUR
    assert not verifier.verify_if_due()
    return verifier


def test_a_verification_runs_at_its_scheduled_time_only(
    services: FakeServices, verifier: NightlyVerifier, clock: Clock
) -> None:
    clock.advance(19 * HOUR - 1)
    assert not verifier.verify_if_due()
    clock.advance(1)

    assert verifier.verify_if_due()
    assert not verifier.verify_if_due()
    with services.database.reading() as session:
        found = verifications.get_last(session)
    assert found is not None
    assert (found.ended_at, dict(found.findings)) == (clock(), {})


def test_one_of_two_processes_verifies_and_missed_times_are_caught_up_with_one_run(
    services: FakeServices, verifier: NightlyVerifier, clock: Clock
) -> None:
    clock.advance(5 * 24 * HOUR)
    other = NightlyVerifier(services)

    assert [verifier.verify_if_due(), other.verify_if_due(), verifier.verify_if_due()] == [True, False, False]


def test_findings_are_counted_by_kind(services: FakeServices, verifier: NightlyVerifier, clock: Clock) -> None:
    upload_text(services, "a heron")
    for path in Path(services.settings.data / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    clock.advance(24 * HOUR)

    assert verifier.verify_if_due()

    with services.database.reading() as session:
        found = verifications.get_last(session)
    assert found is not None
    assert dict(found.findings) == {"blob_missing": 1}


def test_a_changed_schedule_applies_from_now_on(
    services: FakeServices, verifier: NightlyVerifier, clock: Clock
) -> None:
    hourly = services.settings.model_copy(update={"verify_cron": "0 * * * *"})
    services.settings = hourly

    assert not verifier.verify_if_due()
    clock.advance(HOUR)
    assert verifier.verify_if_due()
