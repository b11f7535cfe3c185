"""Starts parser processes from the settings, and pauses between attempts while none gets ready."""

import threading
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import Abandoned
from ingest.runtime.backoff import Backoff
from ingest.steps.parse.ocr.availability import selected_engine
from ingest.steps.parse.options import ParseOptions
from ingest.steps.parse.parser_process import ParserCrashed, ParserNotStarted, ParserProcess
from ingest.steps.parse.sandbox_options import SandboxOptions

if TYPE_CHECKING:
    from ingest.config import Settings
    from ingest.observability.logs import Logger

RETRY_BACKOFF = Backoff(first_seconds=0.25, longest_seconds=5.0)
"""A machine on which no parser starts must not take all files from the queue only to defer them."""

_POLL_SECONDS = 0.25

_cage_was_logged = threading.Event()


class ParserStarter:
    """Starts the parser processes of one `Parser`."""

    def __init__(self, settings: "Settings", handlers: str) -> None:
        self._settings = settings
        self._handlers = handlers
        self._failures = 0
        self._data, self._private = _private_paths(settings)  # now: later the working directory may be gone

    def start(self, still_wanted: Callable[[], bool]) -> ParserProcess:
        """Start a process and wait until it is ready, after a pause if the last attempt failed.

        Raises ParserNotStarted, or Abandoned if `still_wanted()` is false.
        """
        if self._failures:
            _pause(RETRY_BACKOFF.pause_seconds(self._failures - 1), still_wanted)
        try:
            process = ParserProcess(self._options, self._data)
        except ParserNotStarted:
            self._failures += 1
            raise
        self._failures = 0
        if not _cage_was_logged.is_set():
            _cage_was_logged.set()
            _log_cage(process, self._settings.parser_cage)
        return process

    @cached_property
    def _options(self) -> SandboxOptions:
        settings = self._settings
        ocr_engine = selected_engine(ParseOptions.of(settings))
        return SandboxOptions(
            handlers=self._handlers,
            memory_mib=settings.parse_memory_mib,
            hard_memory_mib=settings.parse_memory_mib + settings.ocr_memory_mib,
            max_text_mib=settings.parse_max_text_mib,
            cage=settings.parser_cage,
            may_start_threads=ocr_engine == "rapidocr",
            may_run_programs=ocr_engine == "tesseract",
            private=self._private,
        )


def _private_paths(settings: "Settings") -> tuple[Path | None, tuple[str, ...]]:
    """Return the data folder, and all files and folders with data of the service on this machine.

    A relative data folder is None if the working directory is gone.
    """
    try:
        data = settings.data.absolute()
        paths = [str(path.absolute()) for path in settings.own_folders]
        location = settings.blobs_location.removeprefix("file://")
    except FileNotFoundError:
        return None, ()
    return data, (*paths, location) if location.startswith("/") else tuple(paths)


def _pause(seconds: float, still_wanted: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if not still_wanted():
            raise Abandoned("The file is no longer wanted.")
        time.sleep(min(left, _POLL_SECONDS))


def log_failure(exc: ParserCrashed | ParserNotStarted) -> None:
    """Log why a parser process ended or did not start."""
    _log = _logger()
    if isinstance(exc, ParserCrashed):
        _log.warning("parser_crashed", reason=str(exc))
    else:
        _log.warning("parser_not_started", reason=str(exc))


def _log_cage(process: ParserProcess, mode: str) -> None:
    _log, missing = _logger(), process.cage.get("missing")
    if missing:
        _log.warning("parser_cage_incomplete", missing=str(missing))
    else:
        _log.info("parser_cage", mode=mode, landlock=process.cage.get("landlock"))


def _logger() -> "Logger":
    # The parser process imports this module as well, and structlog and pydantic would add 0.4 s to its start.
    from ingest.observability import logs

    return logs.get(__name__)
