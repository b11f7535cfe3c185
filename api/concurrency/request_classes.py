"""Which requests share which places (deploy/docs/decisions/0023-one-caller.md)."""

import os
import re
import sys
from typing import Literal

from api.concurrency.body_bytes import BodyBytes
from api.concurrency.fair_limiter import FairLimiter, largest_share
from ingest.config import Settings

RequestClass = Literal["searches", "uploads", "completions", "webhook tests", "scrapes", "requests"]

ADMISSION_THREADS = 4
"""Threads that look keys up. A look-up takes 0.3 ms, and more threads would only compete for the interpreter lock."""

COMPLETION_PLACES = 4
"""Requests that join the parts of an upload: gigabytes each, so they last minutes."""

WEBHOOK_TEST_PLACES = 4
"""Requests that wait for a receiver, for up to 8 s."""

SCRAPE_PLACES = 2
"""Requests outside the API that use a thread: /metrics."""

DOWNLOAD_PLACES = 12
"""Blocks of downloads that are read from the blob store at a time."""

SPARE_THREADS = 16
"""For what has no place: blocks of uploads on their way to the disk, looks at quotas, polls of event streams."""

BODY_SHARES = 2
"""Request bodies in memory of all projects, in multiples of the largest one. A project may have one such share."""

_UPLOADS = re.compile(r"/v1/files|/v1/uploads/[^/]+/parts")
_COMPLETIONS = re.compile(r"/v1/uploads/[^/]+/complete")
_SEARCHES = re.compile(r"/v1/vector_stores/[^/]+/search|/v1/embeddings|/retrieval")
_WEBHOOK_TESTS = re.compile(r"/v1/webhook_endpoints/[^/]+/test")


def class_of(method: str, path: str) -> RequestClass | None:
    """Return the class of a request; None for those that use no thread, or threads of their own."""
    if not path.startswith(("/v1/", "/retrieval")):
        return "scrapes" if path == "/metrics" else None
    if method != "POST":
        return "requests"
    for name, pattern in _POST_CLASSES:
        if pattern.match(path):  # routing forgives a newline at the end
            return name
    return "requests"


_POST_CLASSES: tuple[tuple[RequestClass, re.Pattern[str]], ...] = (
    ("searches", _SEARCHES),
    ("completions", _COMPLETIONS),
    ("uploads", _UPLOADS),
    ("webhook tests", _WEBHOOK_TESTS),
)


class RequestLimits:
    """The places and the bytes of one API process."""

    def __init__(self, settings: Settings) -> None:
        in_flight, uploads = settings.max_requests_per_project, settings.max_uploads
        self.by_class: dict[RequestClass, FairLimiter] = {
            "requests": FairLimiter("requests", settings.requests_at_once, in_flight),
            "searches": FairLimiter("searches", searches_at_once(settings), in_flight),
            "uploads": FairLimiter("uploads", settings.requests_at_once, largest_share(uploads), uploads),
            "completions": FairLimiter("completions", COMPLETION_PLACES, in_flight),
            "webhook tests": FairLimiter("webhook tests", WEBHOOK_TEST_PLACES, in_flight),
            "scrapes": FairLimiter("scrapes", SCRAPE_PLACES, in_flight),
        }
        self.admission = FairLimiter("requests", ADMISSION_THREADS, in_flight)
        self.downloads = FairLimiter("downloads", DOWNLOAD_PLACES, sys.maxsize)
        """One place a block. Downloads in flight count as requests."""
        self.bodies = BodyBytes(settings.max_body_bytes, BODY_SHARES * settings.max_body_bytes)
        self.uploaded = BodyBytes(sys.maxsize, sys.maxsize)
        """Bytes of files on their way to the disk. They count against the project's quota."""
        places = sum(each.places for each in (*self.by_class.values(), self.downloads))
        self.threads = ADMISSION_THREADS + SPARE_THREADS + places
        """The size of the thread pool: a request with a place never waits for a thread."""


def searches_at_once(settings: Settings) -> int:
    """Return how many searches may run at a time.

    With a local model a search is work for the processor, and twice the cores keep them busy. With a remote one most
    searches wait for it.
    """
    cores = os.cpu_count() or 1
    is_any_remote = any(model.url for model in settings.models.values())
    return settings.searches_at_once or max(4, cores * (8 if is_any_remote else 2))
