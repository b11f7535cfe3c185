"""Proof of consistency: rows, counters, points and blobs tell the same story, or what differs is named and repaired."""

from ingest.verify.report import Finding, Report
from ingest.verify.run import verify

__all__ = ["Finding", "Report", "verify"]
