"""All checks, one after the other."""

from ingest.tools import Tools
from ingest.verify import blobs, points, rows
from ingest.verify.report import Ledger, Report


def verify(tools: Tools, *, repair: bool = False, running: bool = True) -> Report:
    """Compare everything with everything, in memory that grows by some 40 bytes a file. Raises DependencyDown.

    Works while the service runs: what differs is looked at again until it stands still. `repair` puts right what can
    be put right. Only of a service that is `running` can anything be overdue.
    """
    ledger = Ledger(repairing=repair)
    if running:
        rows.overdue(tools, ledger)
    rows.contradictions(tools, ledger)
    stores, batches = rows.counters(tools, ledger)
    files, found = points.check(tools, ledger)
    kept = blobs.check(tools, ledger)
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
