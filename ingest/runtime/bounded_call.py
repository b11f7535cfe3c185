"""Calls that may hang where no timeout applies, such as the system's lookup of a name."""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def call_within(seconds: float, function: Callable[[], T], *, name: str = "bounded-call") -> T:
    """Return what a function returns, or raise what it raises. Raises TimeoutError after `seconds`.

    The function runs in a thread, which goes on after the timeout: nothing can end it.
    """
    results: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def call() -> None:
        try:
            results.put((function(), None))
        except BaseException as exc:  # noqa: BLE001 - raised in the caller's thread
            results.put((None, exc))

    threading.Thread(target=call, name=name, daemon=True).start()
    try:
        result, error = results.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise TimeoutError(f"no end within {seconds:g} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value] # None only if that is what the function returns
