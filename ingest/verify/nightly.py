"""Verifies now and then while the service runs, by one process of all, for `/metrics` to tell."""

import threading

from ingest.db.checks import verifications
from ingest.observability import logs
from ingest.services import Services
from ingest.verify.run import verify

LOOK_SECONDS = 30.0
"""How often it is looked whether it is time."""

_log = logs.get(__name__)


class Nightly(threading.Thread):
    """Looks whether it is time, and does it; `tools` are its own, with the patience of a report."""

    def __init__(self, services: Services) -> None:
        super().__init__(name="nightly", daemon=True)
        self._tools = services
        self._stopped = threading.Event()

    def run(self) -> None:
        while self._tools.settings.verify_cron and not self._stopped.wait(LOOK_SECONDS):
            try:
                self.round()
            except Exception as exc:  # noqa: BLE001 - written down; the next time it may do better
                _log.error("nightly_verify_failed", reason=str(exc))

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped.set()

    def round(self) -> bool:
        """Verify if it is time; whether it was. Raises DependencyDown, and then this time is lost."""
        with self._tools.database.transaction() as session:
            mine = verifications.take_turn(session, self._tools.settings.verify_cron)
        if mine:
            report = verify(self._tools)
            with self._tools.database.transaction() as session:
                verifications.ended(session, report.counts)
            tell = _log.warning if report.counts else _log.info
            tell("verified", files=report.files, points=report.points, findings=report.counts)
        return mine
