"""The parent-death signal: a child does not outlive a parent that was killed."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from ingest.runtime.pdeathsig import die_with_parent
from tests.servers import wait_until

PARENT = """
import os, subprocess, sys, time
from ingest.runtime.pdeathsig import die_with_parent
parent = os.getpid()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                         preexec_fn=lambda: die_with_parent(parent))
print(child.pid, flush=True)
time.sleep(60)
"""

pytestmark = pytest.mark.services


@pytest.mark.skipif(sys.platform != "linux", reason="the signal exists on Linux only")
def test_a_child_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)

    wait_until(lambda: not child.is_running(), what="the end of the child")


def test_a_child_whose_parent_has_already_exited_exits() -> None:
    if (child := os.fork()) == 0:
        die_with_parent(parent=1 if os.getppid() != 1 else 2)
        os._exit(0)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
