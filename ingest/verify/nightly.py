"""Scheduled verification while the service runs. One of all processes does it, and `/metrics` exports the findings."""

from ingest.db.checks import verifications
from ingest.observability import logs
from ingest.runtime.periodic import PeriodicThread
from ingest.services import Services
from ingest.verify.run import verify

CHECK_INTERVAL_SECONDS = 30.0
"""Time between two checks whether a verification is due."""

_log = logs.get(__name__)


class NightlyVerifier:
    """Runs a verification at the times of `verify_cron`. Needs services with the timeouts of reports (REPORT_TIMEOUTS)."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._thread = PeriodicThread("nightly_verify", CHECK_INTERVAL_SECONDS, self.verify_if_due)

    def start(self) -> None:
        """Start the thread. Does nothing if `verify_cron` is empty."""
        if self._services.settings.verify_cron:
            self._thread.start()

    def stop(self) -> None:
        """Start no other verification. Does not wait for the one under way, which may take an hour."""
        self._thread.stop(0)

    def verify_if_due(self) -> bool:
        """Run a verification if one is due, and return whether one was. Raises DependencyDown; this run is then lost."""
        with self._services.database.transaction() as session:
            is_due = verifications.claim_if_due(session, self._services.settings.verify_cron)
        if is_due:
            settings = self._services.settings
            rate = settings.verify_mib_per_second * 2**20
            report = verify(self._services, deep=settings.verify_deep, bytes_per_second=rate)
            with self._services.database.transaction() as session:
                verifications.record(session, report.counts)
            facts = {"files": report.files, "points": report.points, "findings": report.counts}
            if report.counts:
                _log.warning("nightly_verify_completed", **facts)
            else:
                _log.info("nightly_verify_completed", **facts)
        return is_due
