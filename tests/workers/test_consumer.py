from typing import Any

from workers.consumer import EVENTS_SECONDS, FrugalConsumer


class Hub:
    def __init__(self) -> None:
        self.planned: list[tuple[float, Any]] = []

    def call_later(self, seconds: float, call: Any) -> None:
        self.planned.append((seconds, call))


def consumer() -> FrugalConsumer:
    made = FrugalConsumer.__new__(FrugalConsumer)
    made.hub, made._told_at = Hub(), 0.0
    return made


def test_events_of_one_moment_are_told_together() -> None:
    frugal = consumer()

    for _ in range(3):
        frugal.on_send_event_buffered()

    assert [seconds for seconds, _ in frugal.hub.planned] == [EVENTS_SECONDS]


def test_a_later_event_is_told_by_itself() -> None:
    frugal = consumer()
    frugal.on_send_event_buffered()
    frugal._told_at -= EVENTS_SECONDS

    frugal.on_send_event_buffered()

    assert len(frugal.hub.planned) == 2
