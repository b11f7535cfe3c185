"""The poll throttle, between threads of one process and between forked processes."""

import os
import time

from ingest.dispatch.poll_throttle import PollThrottle


def test_one_process_of_a_machine_polls_a_lane_for_all() -> None:
    throttle = PollThrottle()
    assert throttle.is_due_after_file("bulk")
    throttle.pause("bulk", 60, files=2)
    if (child := os.fork()) == 0:
        os._exit(throttle.is_due_after_file("bulk"))  # one file of the child ends, and the child does not poll

    assert os.waitpid(child, 0)[1] == 0
    assert not throttle.is_due_after_file("bulk")
    assert throttle.is_due_after_file("bulk"), "two files have ended since the pause, and this is the third"
    assert throttle.is_due_after_file("interactive"), "each lane has its own pause"


def test_a_lane_is_polled_again_after_an_interval_even_if_few_files_end() -> None:
    throttle = PollThrottle()
    throttle.pause("bulk", 0.05, files=1_000)

    assert not throttle.is_due_after_file("bulk")
    time.sleep(0.06)
    assert throttle.is_due_after_file("bulk")
