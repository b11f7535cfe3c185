"""The back-off formula: growth, cap and jitter."""

import pytest

from ingest.runtime.backoff import Backoff


@pytest.mark.parametrize(("retries", "seconds"), [(-1, 0.5), (0, 0.5), (1, 1.0), (2, 2.0), (4, 8.0), (5, 10.0)])
def test_pauses_double_up_to_the_longest(retries: int, seconds: float) -> None:
    assert Backoff(first_seconds=0.5, longest_seconds=10.0).pause_seconds(retries) == seconds


def test_another_factor_grows_otherwise() -> None:
    assert Backoff(first_seconds=1.0, longest_seconds=100.0, factor=3.0).pause_seconds(3) == 27.0


def test_any_number_of_retries_gives_the_longest_pause() -> None:
    assert Backoff(first_seconds=1.0, longest_seconds=60.0).pause_seconds(1_000_000) == 60.0


def test_jitter_spreads_pauses_below_the_exact_one() -> None:
    backoff = Backoff(first_seconds=1.0, longest_seconds=60.0, jitter=0.5)

    pauses = [backoff.pause_seconds(3) for _ in range(100)]

    assert all(4.0 <= pause <= 8.0 for pause in pauses)
    assert len(set(pauses)) > 90
