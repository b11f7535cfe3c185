"""What the parser process tells its worker while it parses: pages that are done, and pages that take OCR's time.

Nothing listens in other processes, and then nothing happens.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

Message = Mapping[str, int | str]

_MIN_SECONDS_BETWEEN_REPORTS = 0.5

_send: Callable[[Message], None] | None = None
_reported_at = 0.0


def listen(send: Callable[[Message], None] | None) -> None:
    """Call `send` with each message of this process from now on."""
    global _send, _reported_at
    _send, _reported_at = send, 0.0


def report_progress(done: int, total: int) -> None:
    """Report that `done` of the file's `total` pages are read. Reports in quick succession are dropped."""
    global _reported_at
    now = time.monotonic()
    if _send is not None and now - _reported_at >= _MIN_SECONDS_BETWEEN_REPORTS:
        _reported_at = now
        _send({"done": done, "total": total})


def report_library() -> None:
    """Report that a large library is about to be imported, which takes seconds of processor time once a process."""
    if _send is not None:
        _send({"library": "loading"})


@contextmanager
def ocr_page() -> Iterator[None]:
    """Tell the worker that the time inside the context is OCR's, which has a limit for each page of its own."""
    if _send is None:
        yield
        return
    _send({"ocr_page": "started"})
    try:
        yield
    finally:
        _send({"ocr_page": "ended"})
