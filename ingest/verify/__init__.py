"""Consistency checks of a service: rows, counters, points and blobs must agree. `ingest verify` runs them.

A check reports each contradiction as a finding and repairs it on request. `rows`, `points` and `blobs` hold the checks,
`recheck` the exact second check of points, `nightly` the scheduled run. Queries of the database belong to ingest/db/checks.
"""

from ingest.verify.report import Finding, Report
from ingest.verify.run import verify

__all__ = ["Finding", "Report", "verify"]
