"""Cancellation of a request: its thread stops at the next check, because nobody waits for the answer any more.

Python cannot stop a thread from outside. Whatever takes long calls `check` between its steps. Only work that changes nothing
checks: a change is one transaction, and the client retries it.
"""

from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

from ingest.errors import RequestCancelled

T = TypeVar("T")

_CHECKED_ITEMS = 64
"""Items of a loop between two checks, each of which takes .1 µs."""


class Cancellation:
    """Says whether a request was cancelled. One thread sets it, others read it."""

    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        """Stop the work of the request at its next check."""
        self.is_cancelled = True

    def bind(self) -> None:
        """Make this the cancellation of the current context, which the threads of a request inherit."""
        _current.set(self)


_current: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)


def check() -> None:
    """Raise RequestCancelled if the request was cancelled for which this thread works."""
    current = _current.get()
    if current is not None and current.is_cancelled:
        raise RequestCancelled("nobody waits for the answer")


def checked(items: Iterable[T]) -> Iterator[T]:
    """Yield the items, with a check every few of them."""
    for number, item in enumerate(items):
        if number % _CHECKED_ITEMS == 0:
            check()
        yield item
