"""Helpers of the verification tests: reports, and damage to points."""

from ingest.verify import verify
from tests.fakes import FakeServices


def finding_kinds(services: FakeServices) -> list[str]:
    return sorted({finding.kind for finding in verify(services).findings})


def lose_points(services: FakeServices) -> None:
    services.index.points.clear()


def add_points_of_unknown_rows(services: FakeServices) -> None:
    for (row, _, number), value in list(services.index.points.items()):
        services.index.points[row + 1_000, 1, number] = value


def add_points_of_another_generation(services: FakeServices) -> None:
    for (row, generation, number), value in list(services.index.points.items()):
        services.index.points[row, generation + 1, number] = value


def add_points_of_surplus_chunks(services: FakeServices) -> None:
    for (row, generation, number), value in list(services.index.points.items()):
        services.index.points[row, generation, number + 7] = value


def repair_results(services: FakeServices) -> list[tuple[str, bool]]:
    """Repair, and return the kind of each finding and whether it was repaired."""
    report = verify(services, repair=True)
    assert report.unrepaired == sum(finding.repair is None for finding in report.findings)
    return sorted((finding.kind, finding.repair is not None) for finding in report.findings)
