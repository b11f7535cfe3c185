"""Runs all checks one after the other."""

from ingest.services import Services
from ingest.verify import blob_bytes, blobs, points, rows
from ingest.verify.pace import Pace
from ingest.verify.report import Ledger, Report


def verify(
    services: Services,
    *,
    repair: bool = False,
    is_running: bool = True,
    deep: bool = False,
    bytes_per_second: float | None = None,
) -> Report:
    """Run all checks and return the report. Raises DependencyDown, also for a damaged file of a SQLite database.

    `deep` also reads all bytes of the blobs and all texts of the points, at most `bytes_per_second`, and compares them with
    their checksums. Needs about 80 bytes of memory per file. Works while the service runs: rows that change during a check are checked
    again. `repair` repairs findings where possible. Overdue work is checked only if the service `is_running`.
    """
    services.database.check_file()
    ledger = Ledger(repairing=repair)
    if is_running:
        rows.check_overdue(services, ledger)
    rows.check_contradictions(services, ledger)
    store_count, batch_count = rows.check_counters(services, ledger)
    pace = Pace(bytes_per_second) if deep else None
    file_count, point_count = points.check(services, ledger, pace)
    blob_count = blobs.check(services, ledger)
    if pace is not None:
        blob_bytes.check(services, ledger, pace)
    return Report(
        stores=store_count,
        batches=batch_count,
        files=file_count,
        points=point_count,
        blobs=blob_count,
        counts=dict(ledger.counts),
        repaired=ledger.repaired,
        findings=ledger.findings,
        hints=ledger.hints,
    )
