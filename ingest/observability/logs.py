"""Structured logs: one record a line, carrying request, store, file, batch and attempt, never content or secrets."""

import logging
import sys
from typing import Any, cast

import structlog

from ingest.config import Settings

Logger = structlog.stdlib.BoundLogger


def configure(settings: Settings) -> None:
    """Send our records and those of the libraries to standard error in the chosen format."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        # Not rich's traceback, which shows local variables: content and secrets.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    tail = [structlog.processors.format_exc_info, last] if settings.log_format == "json" else [last]
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
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for chatty in ("httpx", "httpx2", "httpcore", "openai", "urllib3", "celery", "kombu", "alembic"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def get(name: str) -> Logger:
    """The logger for a module; extra facts are given as keyword arguments."""
    return cast(Logger, structlog.get_logger(name))


bound = structlog.contextvars.bound_contextvars
