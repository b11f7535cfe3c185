"""Celery's consumer, which tells monitors of its tasks a few times a second."""

import time
from typing import Any

from celery.worker.consumer import Consumer

EVENTS_SECONDS = 0.25


class FrugalConsumer(Consumer):  # type: ignore[misc] # Celery has no types for it
    """Collects events for a moment: Celery's own sends them at each turn of its loop, a fifth of all it does."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._told_at = 0.0

    def on_send_event_buffered(self) -> None:
        """An event waits; whatever comes until it is told goes with it."""
        now = time.monotonic()
        if self.hub and now >= self._told_at:
            self._told_at = now + EVENTS_SECONDS
            self.hub.call_later(EVENTS_SECONDS, self._flush_events)
