"""One run of a scheduled import, from what its schedule says to the outcome in the schedule's row."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import openai
from rich.console import Console

from ingest.caller import Caller
from ingest.db.models import ImportSchedule
from ingest.db.schedules import import_schedules as rows
from ingest.db.session import Database
from ingest.errors import DependencyDown, Refused
from ingest.imports import report, schedules
from ingest.imports.display import Sent
from ingest.imports.journal import Import, Journal
from ingest.imports.patterns import Choice, PathAttributes
from ingest.imports.run import INTERRUPTED, Place, Wish, carry_out, fetched, interruptible
from ingest.imports.runner import ENDED, LATER, LOST
from ingest.imports.scan import Style, Tally
from ingest.imports.service_journal import Kept, headers
from ingest.imports.sources import check
from ingest.imports.transfer import BATCH_FILES, Run
from ingest.imports.uploads import Uploads, reason
from ingest.imports.web import Limits, Web
from ingest.observability import logs
from ingest.services import Services

THREADS = 4
"""Uploads at a time: the machine is the service's own, and has files to ingest."""

COUNT_SECONDS = 2.0
MOST_REASONS = 100
REASON_CHARACTERS = 500

_log = logs.get(__name__)


def run(
    services: Services,
    client: openai.OpenAI,
    schedule: ImportSchedule,
    caller: Caller,
    folder: Path,
    *,
    lost: Callable[[int], Any] = os._exit,
) -> int:
    """Import what a schedule names, as its run that this process holds; the exit code.

    `folder` is empty, and for the journal. `lost` ends the process when the run is somebody else's.
    """
    hold = Hold(services, schedule, lost)
    hold.start()
    try:
        with interruptible() as stopped, ExitStack() as stack:
            stack.callback(hold.stop)
            ended = _import(services, client, schedule, caller, folder, stack, hold, stopped.is_set)
        if stopped.is_set():
            return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Refused as exc:
        ended = {"result": "failed", "error": _words(str(exc))}
    except (openai.APIError, DependencyDown) as exc:
        if _passes(exc):
            _log.warning("import_held_up", schedule=schedule.id, reason=str(exc))
            return LATER
        ended = {
            "result": "failed",
            "error": _words(reason(exc) if isinstance(exc, openai.APIStatusError) else str(exc)),
        }
    with services.database.transaction() as session:
        mine = rows.end(session, schedule.row, schedule.fence, **ended)
    if mine:
        _log.info("import_ended", schedule=schedule.id, run=schedule.run_id, result=ended["result"])
    return ENDED if mine else LOST


class Hold(threading.Thread):
    """Keeps a run for this process, and tells how far it is."""

    def __init__(self, services: Services, schedule: ImportSchedule, lost: Callable[[int], Any]) -> None:
        super().__init__(name="hold", daemon=True)
        self.counts: Mapping[str, int] = schedule.counts
        self._database: Database = services.database
        self._settings = services.settings
        self._schedule = schedule
        self._lost = lost
        self._stopped = threading.Event()

    def run(self) -> None:
        kept = time.monotonic()
        lease = self._settings.lease_seconds
        while not self._stopped.wait(min(self._settings.heartbeat_seconds, lease / 3)):
            asked = time.monotonic()
            try:
                with self._database.transaction() as session:
                    mine = rows.renew(session, self._schedule.row, self._schedule.fence, lease, self.counts)
                kept = asked
            except DependencyDown:
                mine = time.monotonic() < kept + lease
            if not mine:
                _log.warning("import_lost", schedule=self._schedule.id, run=self._schedule.run_id)
                self._lost(LOST)
                return

    def stop(self) -> None:
        """The run ends, or is given back."""
        self._stopped.set()
        self.join()


class Watched:
    """A display for nobody: counts now and then, for the row."""

    def __init__(self, journal: Journal, this: Import, hold: Hold) -> None:
        self._journal = journal
        self._this = this
        self._hold = hold
        self._next = 0.0

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, **facts: Any) -> None:
        pass

    def scanning(self, tally: Tally) -> None:
        pass

    def scanned(self, tally: Tally, removals: int) -> None:
        pass

    def show(self, run: Run, tally: Tally, sent: Sent) -> None:
        run.failed.clear()
        began = time.monotonic()
        if began >= self._next:
            self._hold.counts = counted(self._journal, self._this, tally, over=False)
            ended = time.monotonic()
            self._next = ended + max(COUNT_SECONDS, 20 * (ended - began))  # of a million files it takes a second


def counted(journal: Journal, this: Import, tally: Tally, *, over: bool) -> dict[str, int]:
    """The files that the sources hold, by how they stand."""
    found = journal.outcome(this.number)
    ended = {name: found.get(name, 0) for name in ("completed", "failed", "cancelled")}
    not_uploaded = tally.problems + (found.get("not uploaded", 0) if over else 0)
    total = sum(found.values()) + tally.problems
    in_progress = total - sum(ended.values()) - not_uploaded
    return {**ended, "not_uploaded": not_uploaded, "in_progress": in_progress, "total": total}


def _import(
    services: Services,
    client: openai.OpenAI,
    schedule: ImportSchedule,
    caller: Caller,
    folder: Path,
    stack: ExitStack,
    hold: Hold,
    stopped: Callable[[], bool],
) -> dict[str, Any]:
    """How the run ended, by the columns. Raises Refused, DependencyDown and openai.APIError."""
    wish = _wish(services, schedule, caller, folder)
    for source in (*wish.paths, *wish.manifests):
        wish.roots.check(source)
    for path in wish.paths:
        check(path, wish.roots)
    web = Web(wish.web)
    stack.callback(web.close)
    lists = [fetched(stack, web, address, wish.roots) for address in wish.manifests]
    journal = Kept(folder / "journal.db", services.database, schedule.row, schedule.fence)
    stack.callback(journal.close)
    journal.fill()
    this = journal.begin(str(schedule.run_id), wish.sources)
    sent = Sent()
    place = Place(client, schedule.vector_store_id, journal, web, Console())
    most = services.settings.max_file_bytes
    uploads = partial(Uploads, client, web, sent, wish.threads, roots=wish.roots, most_bytes=most, headers=headers)
    done = carry_out(place, this, wish, lists, uploads, Watched(journal, this, hold), sent, stopped)
    counts = counted(journal, this, done.tally, over=True)
    found = report.grouped(journal.troubles(this.number))[:MOST_REASONS]
    reasons = [{"reason": _words(why), "files": each.files, "first": each.paths[:3]} for why, each in found]
    complete = counts["completed"] == counts["total"]
    return {"result": "completed" if complete else "incomplete", "counts": counts, "reasons": reasons}


def _wish(services: Services, schedule: ImportSchedule, caller: Caller, folder: Path) -> Wish:
    most = caller.limits.files_in_progress or BATCH_FILES  # a batch that is larger would never be taken
    return Wish(
        store=schedule.vector_store_id, paths=schedule.sources, manifests=schedule.manifests,
        choice=Choice(schedule.include, schedule.exclude),
        style=Style(schedule.attributes, PathAttributes(schedule.attributes_from_path)),
        delete_missing=schedule.delete_missing, retry_failed=schedule.retry_failed, check=False, dry_run=False,
        failures=None, as_json=False, threads=THREADS, batch_files=min(BATCH_FILES, most), journals=folder,
        web=_limits(services), roots=schedules.roots(services.settings, caller.project), all_hold_files=True,
    )  # fmt: skip


def _limits(services: Services) -> Limits:
    return Limits(most_bytes=min(Limits().most_bytes, services.settings.max_file_bytes), quiet=True)


def _passes(exc: Exception) -> bool:
    """Whether the same may go better later."""
    if isinstance(exc, openai.RateLimitError):
        return exc.code != "insufficient_quota"
    return isinstance(exc, (DependencyDown, openai.APIConnectionError, openai.InternalServerError))


def _words(text: str) -> str:
    """As it can be kept and shown."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return plain if len(plain) <= REASON_CHARACTERS else plain[: REASON_CHARACTERS - 1] + "…"
