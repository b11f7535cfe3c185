"""The limit of listed findings."""

import pytest

from ingest.verify import verify
from tests.db import rows
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs


def test_findings_above_the_limit_are_counted_and_repaired(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.verify.report.MAX_LISTED_FINDINGS", 2)
    monkeypatch.setattr("ingest.verify.recheck.MAX_ROWS_PER_REQUEST", 2)
    store, _ = attach_texts(services, *(f"text {n}" for n in range(5)))
    run_published_jobs(services)
    services.index.points.clear()

    report = verify(services, repair=True)

    assert (len(report.findings), report.counts, report.repaired) == (2, {"points_missing": 5}, 5)
    assert rows.read_counts(services.database, store) == (5, 0, 0, 0)
