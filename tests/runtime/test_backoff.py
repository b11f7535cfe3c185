"""The back-off formula: growth, cap and jitter."""

import pytest

from ingest.runtime.backoff import Backoff


@pytest.mark.parametrize(("retries", "seconds"), [(-1, 0.5), (0, 0.5), (1, 1.0), (2, 2.0), (4, 8.0), (5, 10.0)])
def test_the_delay_doubles_up_to_the_maximum(retries: int, seconds: float) -> None:
    assert Backoff(first_seconds=0.5, longest_seconds=10.0).pause_seconds(retries) == seconds


def test_the_factor_sets_the_growth_of_the_delay() -> None:
    assert Backoff(first_seconds=1.0, longest_seconds=100.0, factor=3.0).pause_seconds(3) == 27.0


def test_any_large_number_of_retries_gives_the_maximum_delay() -> None:
    assert Backoff(first_seconds=1.0, longest_seconds=60.0).pause_seconds(1_000_000) == 60.0


def test_jitter_shortens_the_delay_at_random() -> None:
    backoff = Backoff(first_seconds=1.0, longest_seconds=60.0, jitter=0.5)

    pauses = [backoff.pause_seconds(3) for _ in range(100)]

    assert all(4.0 <= pause <= 8.0 for pause in pauses)
    assert len(set(pauses)) > 90
