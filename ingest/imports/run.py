"""`ingest import` from its options to its exit code."""

import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType

import openai
from rich.console import Console

from ingest import ids
from ingest.errors import Refused
from ingest.imports import manifest, report
from ingest.imports.client import find_store
from ingest.imports.display import Bars, Display, Events, Lines, Sent, emit, tell
from ingest.imports.journal import Import, Journal, Todo, printable_root
from ingest.imports.mirror import Mirror
from ingest.imports.patterns import Choice
from ingest.imports.roots import ANYWHERE, WEB, Roots, path_of, scheme
from ingest.imports.scan import Style, Tally, scan
from ingest.imports.source_files import NOTHING, Failure, Found, printable
from ingest.imports.sources import Walk, check, find, root
from ingest.imports.transfer import Run
from ingest.imports.uploads import Uploads
from ingest.imports.web import Limits, Web

COMPLETE, INCOMPLETE, INTERRUPTED = 0, 1, 130
"""Exit codes; 2 is whatever is Refused."""


@dataclass(frozen=True)
class Wish:
    """What the command line asks for."""

    store: str
    paths: Sequence[str]
    manifests: Sequence[str]
    choice: Choice
    style: Style
    delete_missing: bool
    retry_failed: bool
    check: bool
    dry_run: bool
    failures: Path | None
    as_json: bool
    threads: int
    batch_files: int
    journals: Path
    web: Limits
    roots: Roots = ANYWHERE
    all_hold_files: bool = False
    """A source without files is not what it was, so nothing can be said to be missing."""

    @property
    def sources(self) -> list[str]:
        """What identifies the sources from one import to the next."""
        return [root(each) for each in (*self.paths, *self.manifests)]


@dataclass(frozen=True)
class Place:
    """Where an import takes place."""

    client: openai.OpenAI
    store_id: str
    journal: Journal
    web: Web
    console: Console


def bring_in(client: openai.OpenAI, wish: Wish) -> int:
    """Do what is asked; the exit code. Raises Refused and openai.APIError."""
    if not wish.paths and not wish.manifests:
        raise Refused("Name files or folders, or a --manifest.")
    for path in wish.paths:
        check(path)
    with ExitStack() as stack:
        web = Web(wish.web)
        stack.callback(web.close)
        lists = [fetched(stack, web, address, wish.roots) for address in wish.manifests]
        store = find_store(client, wish.store)
        if store is None and not wish.dry_run:
            _nothing_refused(wish, lists)
            store = client.vector_stores.create(name=wish.store)
        kept = wish.journals
        if store is None:
            kept = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingest-import-")))
        store_id = "" if store is None else store.id
        journal = Journal.of(kept, str(client.base_url), store_id, wish.store)
        stack.callback(journal.close)
        place = Place(client, store_id, journal, web, Console())
        return _rehearse(place, wish, lists) if wish.dry_run else _work(place, wish, lists)


Lists = list[tuple[Path, str]]
"""Manifests: where each is on this machine, and where it came from."""


def fetched(stack: ExitStack, web: Web, address: str, roots: Roots) -> tuple[Path, str]:
    """A manifest as it can be read for as long as the stack lasts. Raises Refused."""
    if scheme(address) not in WEB:
        try:
            return Path(stack.enter_context(roots.opened(path_of(address)))), address
        except OSError as exc:
            raise Refused(f"The manifest {address} cannot be read: {exc.strerror}.") from exc
    target = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingest-import-"))) / "manifest"
    try:
        web.fetch(address, target)
    except OSError as exc:
        raise Refused(f"The manifest {address} cannot be fetched: {exc.strerror}.") from exc
    return target, address


def _files(wish: Wish, lists: Lists) -> Iterator[Found | Failure]:
    """All that the sources name, one after the other. That some name nothing is told if others do name something."""
    some, without = False, []
    for each in _each(wish, lists):
        if isinstance(each, Failure) and each.reason == NOTHING:
            without.append(each)
            continue
        some = True
        yield each
    if some:
        yield from without


def _each(wish: Wish, lists: Lists) -> Iterator[Found | Failure]:
    yield from find(wish.paths, Walk(wish.choice, wish.roots, all_hold_files=wish.all_hold_files))
    for path, address in lists:
        some = False
        for each in manifest.read(path, address, Walk(wish.choice, wish.roots, all_hold_files=wish.all_hold_files)):
            some = True
            yield each
        if not some and wish.all_hold_files:
            yield Failure(printable(address), NOTHING, blind=True)


def _nothing_refused(wish: Wish, lists: Lists) -> None:
    """Find out that there is something to import before a store is made for it."""
    if next(_files(wish, lists), None) is None:
        raise Refused("There are no files there.")


def _rehearse(place: Place, wish: Wish, lists: Lists) -> int:
    """Say what an import would do; nothing of it is kept."""
    journal = place.journal
    with journal.transaction(keep=False) as transaction:
        this = journal.begin(ids.new("imp_"), wish.sources)
        tally = scan(journal, this, _files(wish, lists), wish.style, lambda _: None, transaction)
        removals = _missing(place, this, wish, tally)
        if wish.retry_failed:
            journal.again(this.number)
        todos: tuple[Todo, ...] = ("upload", "attach", "remove")
        counts = {todo: journal.amount(todo, this.number)[0] for todo in todos}
        facts = {"files": tally.found, "unchanged": tally.unchanged, "problems": tally.problems}
        if wish.as_json:
            emit("planned", **facts, **counts)
            return COMPLETE
        for todo in todos:
            for entry in journal.each(todo, this.number):
                tell(place.console, f"{todo} {entry.shown}")
        tell(
            place.console,
            f"{tally.found:,} files: {counts['upload']:,} to upload, {counts['attach']:,} to attach, "
            f"{tally.unchanged:,} unchanged, {removals:,} to remove, {tally.problems:,} that cannot be taken",
        )
    return COMPLETE


def _work(place: Place, wish: Wish, lists: Lists) -> int:
    journal, sent = place.journal, Sent()
    this = journal.begin(ids.new("imp_"), wish.sources)
    terminal = place.console.is_terminal
    display: Display = Events() if wish.as_json else Bars(place.console) if terminal else Lines(place.console)
    with interruptible() as stopped:
        with display:
            display.started(**{"import": this.id, "store": wish.store, "store_id": place.store_id})
            uploads = partial(Uploads, place.client, place.web, sent, wish.threads)
            try:
                done = carry_out(place, this, wish, lists, uploads, display, sent, stopped.is_set)
            except openai.APIConnectionError as exc:
                raise Refused(
                    f"The service at {place.client.base_url} has stopped answering. What was done is written down: "
                    "run the same command again to go on."
                ) from exc
        return _concluded(place, this, wish, done, stopped=stopped.is_set())


@dataclass(frozen=True)
class Done:
    """What an import saw, and how many files it took out."""

    tally: Tally
    removed: int


def carry_out(
    place: Place,
    this: Import,
    wish: Wish,
    lists: Lists,
    uploads: Callable[[], Uploads],
    display: Display,
    sent: Sent,
    stopped: Callable[[], bool],
) -> Done:
    """Look, upload, attach, wait for the last file, and take out what has to go, until `stopped` says so.

    Raises Refused and openai.APIError.
    """
    removed = 0
    with place.journal.transaction() as transaction:
        files = _until(stopped, _files(wish, lists))
        tally = scan(place.journal, this, files, wish.style, display.scanning, transaction)
    if not stopped():
        run = _prepared(place, this, wish, tally, display)
        for _ in run.steps(uploads(), stopped):
            display.show(run, tally, sent)
        if not stopped():
            removed = run.mirror.clean()
        display.show(run, tally, sent)
    return Done(tally, removed)


def _prepared(place: Place, this: Import, wish: Wish, tally: Tally, display: Display) -> Run:
    """What has to be done, once everything was looked at here and on the service."""
    if not tally.found and not tally.problems:
        raise Refused("There are no files there.")
    removals = _missing(place, this, wish, tally)
    mirror = Mirror(place.client, place.store_id, place.journal)
    mirror.check(always=wish.check)
    if wish.retry_failed:
        place.journal.again(this.number)
    display.scanned(tally, removals)
    return Run(place.client, place.store_id, place.journal, this, batch_files=wish.batch_files)


def _missing(place: Place, this: Import, wish: Wish, tally: Tally) -> int:
    """Have removed what the sources do not hold any more, if that is asked for and known; how many."""
    if not wish.delete_missing or tally.blind or not tally.found:
        return 0
    return place.journal.miss([printable_root(each) for each in wish.sources], this.number)


def _concluded(place: Place, this: Import, wish: Wish, done: Done, *, stopped: bool) -> int:
    journal, console, tally = place.journal, place.console, done.tally
    by_state = journal.outcome(this.number)
    counts = {
        **by_state,
        "not uploaded": by_state.get("not uploaded", 0) + tally.problems,
        "unchanged": tally.unchanged,
        "removed": done.removed,
        "total": sum(by_state.values()) + tally.problems,
    }
    if wish.failures is not None:
        report.write_failures(wish.failures, journal.troubles(this.number))
    if stopped:
        waiting = by_state.get("attached", 0)
        if wish.as_json:
            emit("stopped", **{"import": this.id}, in_progress=waiting)
        else:
            more = f" The service goes on with {waiting:,} files." if waiting else ""
            tell(console, f"Stopped.{more} Run the same command again to go on.")
        return INTERRUPTED
    journal.end(this.number)
    reasons = report.grouped(journal.troubles(this.number))
    complete = counts.get("completed", 0) == counts["total"]
    if wish.as_json:
        emit("finished", **{"import": this.id}, complete=complete, **report.summary(counts, reasons))
    else:
        report.outcome(console, counts)
        report.failures(console, reasons)
    if wish.delete_missing and tally.blind:
        tell(Console(stderr=True), "Nothing was removed, as not everything could be looked at.")
        return INCOMPLETE
    return COMPLETE if complete else INCOMPLETE


def _until(stopped: Callable[[], bool], files: Iterator[Found | Failure]) -> Iterator[Found | Failure]:
    for each in files:
        if stopped():
            return
        yield each


@contextmanager
def interruptible() -> Iterator[Event]:
    """Set by Ctrl-C and SIGTERM, so that what is under way can be written down; the second time ends at once."""
    asked = Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
