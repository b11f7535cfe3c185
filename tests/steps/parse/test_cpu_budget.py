"""The processor time of one file."""

import os
import subprocess
import sys
import time

from ingest.steps.parse.cpu_budget import LIBRARY_SECONDS, CpuBudget, cpu_seconds_of

STARTED, ENDED = {"ocr_page": "started"}, {"ocr_page": "ended"}


def test_the_time_of_this_process_is_counted() -> None:
    assert abs(cpu_seconds_of(os.getpid()) - time.process_time()) < 1


def test_a_process_that_is_gone_has_used_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass

    assert cpu_seconds_of(process.pid) == 0.0


def test_the_budget_starts_with_the_file_and_ocr_does_not_count() -> None:
    used = [100.0]
    budget = CpuBudget(10, lambda: used[0])

    used[0] += 9
    budget.note(STARTED)
    used[0] += 500
    assert not budget.is_spent
    budget.note(ENDED)
    assert not budget.is_spent
    used[0] += 2

    assert budget.is_spent


def test_repeated_messages_of_ocr_gain_nothing() -> None:
    used = [0.0]
    budget = CpuBudget(10, lambda: used[0])

    for _ in range(3):
        budget.note(ENDED)
        used[0] += 4

    assert budget.is_spent


def test_a_library_gives_more_time_once() -> None:
    used = [0.0]
    budget = CpuBudget(10, lambda: used[0])

    for _ in range(3):
        budget.note({"library": "loading"})
    used[0] += 9 + LIBRARY_SECONDS
    assert not budget.is_spent
    used[0] += 2

    assert budget.is_spent
