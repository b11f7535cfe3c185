"""No row number that a point has is given out."""

from dataclasses import replace

from structlog.testing import capture_logs

from ingest.db import row_numbers
from ingest.jobs import row_numbers as job
from ingest.jobs.maintenance import run_maintenance
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs


def add_points_of_rows(services: FakeServices, *numbers: int) -> None:
    """Copy a point to row numbers that the database has not given out, as an older backup of it leaves them."""
    (owner, point) = next(iter(services.index.points.values()))
    for row in numbers:
        services.index.points[row, 1, 0] = (replace(owner, row=row), point)


def last_row_number(services: FakeServices) -> int:
    with services.database.reading() as session:
        return row_numbers.last_row_number(session)


def test_maintenance_skips_the_row_numbers_of_points(services: FakeServices) -> None:
    attach_texts(services, "one")
    run_published_jobs(services)
    add_points_of_rows(services, 40, 70, 55)

    with capture_logs() as logs:
        run_maintenance(services)

    assert {"event": "row_numbers_advanced", "last": 70, "log_level": "warning"} in logs
    assert last_row_number(services) == 70


def test_without_points_of_higher_rows_nothing_is_skipped(services: FakeServices) -> None:
    attach_texts(services, "one")
    run_published_jobs(services)

    assert job.advance_past_points(services) == 0
    assert last_row_number(services) == 1


def test_a_row_number_that_cannot_be_right_is_not_followed(services: FakeServices) -> None:
    attach_texts(services, "one")
    run_published_jobs(services)
    add_points_of_rows(services, 2**60)

    assert job.advance_past_points(services) == 0
    assert last_row_number(services) == 1
