"""Structured logs: one record a line, with the request, store, file, batch and attempt it belongs to.

Records never hold file contents or secrets.
"""

import logging
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import structlog

from ingest.observability.visible import visible, visible_lines

if TYPE_CHECKING:
    from ingest.config import Settings  # its import takes 18 MB, which the vectors process does not need

Logger = structlog.stdlib.BoundLogger

_SEVERAL_LINES = ("exception", "stack")

_QUIET_LIBRARIES = ("httpx", "httpx2", "httpcore", "openai", "urllib3", "celery", "kombu", "alembic", "mcp")


def configure(settings: "Settings") -> None:
    """Send the records of the service and of its libraries to standard error, in the format of the settings."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(settings)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for library in _QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(max(logging.WARNING, root.level))


def _renderers(settings: "Settings") -> list[Any]:
    if settings.log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Not rich's traceback: it shows local variables, which hold contents and secrets.
    plain = structlog.dev.plain_traceback
    return [
        structlog.processors.format_exc_info,
        _make_visible,
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain),
    ]


def _make_visible(_logger: Any, _method: str, record: Any) -> Any:
    """Escape what would control the terminal. JSON does that by itself."""
    return {name: visible_lines(value) if name in _SEVERAL_LINES else visible(value) if isinstance(value, str) else value
            for name, value in record.items()}  # fmt: skip


def get(name: str) -> Logger:
    """Return the logger of a module. Facts of a record are given as keyword arguments."""
    return cast(Logger, structlog.get_logger(name))


bound_context = structlog.contextvars.bound_contextvars
"""Context manager that adds its keyword arguments to every record inside it."""


RECORDS_PER_PERIOD = 10
PERIOD_SECONDS = 60.0


class RepeatedRecords:
    """A logger for what clients without a key can cause at any rate: RECORDS_PER_PERIOD records of a kind in PERIOD_SECONDS.

    A kind is an event, and the dependency or the status of its record. The first record after the period says how many
    were left out (`suppressed`).
    """

    def __init__(self, logger: Logger) -> None:
        self._logger = logger
        self._lock = threading.Lock()
        self._periods: dict[tuple[str, object], tuple[float, int]] = {}
        """By kind: when its period began, and its records since."""

    def info(self, event: str, **facts: Any) -> None:
        self._log(logging.INFO, event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        self._log(logging.WARNING, event, facts)

    def exception(self, event: str, **facts: Any) -> None:
        self._log(logging.ERROR, event, {**facts, "exc_info": True})

    def _log(self, level: int, event: str, facts: dict[str, Any]) -> None:
        kind, now = (event, facts.get("dependency", facts.get("status"))), time.monotonic()
        with self._lock:
            since, count = self._periods.get(kind, (now, 0))
            suppressed = 0
            if now - since >= PERIOD_SECONDS:
                suppressed = max(0, count - RECORDS_PER_PERIOD)
                since, count = now, 0
            self._periods[kind] = (since, count + 1)
        if count < RECORDS_PER_PERIOD:
            self._logger.log(level, event, **facts, **({"suppressed": suppressed} if suppressed else {}))
