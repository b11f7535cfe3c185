"""All checks, one after the other."""

from ingest.services import Services
from ingest.verify import blobs, points, rows
from ingest.verify.report import Ledger, Report


def verify(services: Services, *, repair: bool = False, running: bool = True) -> Report:
    """Compare everything with everything, in memory that grows by some 40 bytes a file. Raises DependencyDown.

    Works while the service runs: what differs is looked at again until it stands still. `repair` puts right what can
    be put right. Only of a service that is `running` can anything be overdue.
    """
    ledger = Ledger(repairing=repair)
    if running:
        rows.overdue(services, ledger)
    rows.contradictions(services, ledger)
    stores, batches = rows.counters(services, ledger)
    files, found = points.check(services, ledger)
    kept = blobs.check(services, ledger)
    return Report(
        stores=stores,
        batches=batches,
        files=files,
        points=found,
        blobs=kept,
        counts=dict(ledger.counts),
        repaired=ledger.repaired,
        findings=ledger.findings,
        hints=ledger.hints,
    )
