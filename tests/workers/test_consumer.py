"""Celery's consumer: task events are sent in batches."""

from typing import Any

from workers.consumer import EVENT_BATCH_SECONDS, EventBatchingConsumer


class Hub:
    """An event loop that only remembers what it was asked to call."""

    def __init__(self) -> None:
        self.scheduled: list[tuple[float, Any]] = []

    def call_later(self, seconds: float, call: Any) -> None:
        self.scheduled.append((seconds, call))


def make_consumer() -> EventBatchingConsumer:
    consumer = EventBatchingConsumer.__new__(EventBatchingConsumer)
    consumer.hub, consumer._flush_at = Hub(), 0.0
    return consumer


def test_events_of_one_moment_are_sent_together() -> None:
    consumer = make_consumer()

    for _ in range(3):
        consumer.on_send_event_buffered()

    assert [seconds for seconds, _ in consumer.hub.scheduled] == [EVENT_BATCH_SECONDS]


def test_a_later_event_is_sent_in_another_batch() -> None:
    consumer = make_consumer()
    consumer.on_send_event_buffered()
    consumer._flush_at -= EVENT_BATCH_SECONDS

    consumer.on_send_event_buffered()

    assert len(consumer.hub.scheduled) == 2
