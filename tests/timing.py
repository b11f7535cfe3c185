"""Tests of how CPU time grows with the input, on a machine of any speed."""

import time
from collections.abc import Callable

_NEGLIGIBLE_SECONDS = 0.02
"""Below this the clock's steps and the caches decide."""


def assert_linear(run: Callable[[int], object], size: int) -> None:
    """Check that `run(size)` takes at most nine times as long as `run(size // 4)`: four is linear, sixteen quadratic."""
    _assert_ratio(run, size, at_most=9)


def assert_constant(run: Callable[[int], object], size: int) -> None:
    """Check that `run(size)` takes no longer than `run(size // 4)`, apart from noise."""
    _assert_ratio(run, size, at_most=2)


def _assert_ratio(run: Callable[[int], object], size: int, *, at_most: float) -> None:
    for _ in range(3):
        small, large = _cpu_seconds(run, size // 4), _cpu_seconds(run, size)
        if large <= at_most * max(small, _NEGLIGIBLE_SECONDS):
            return
    raise AssertionError(f"{size // 4} take {small:.3f} s, {size} take {large:.3f} s")


def _cpu_seconds(run: Callable[[int], object], size: int) -> float:
    started = time.process_time()
    run(size)
    return time.process_time() - started
