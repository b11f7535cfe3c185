"""The memory limit, in a process of its own."""

import subprocess
import sys

SCRIPT = """
import numpy as np
from ingest.steps.parse.memory_limit import *
assert not is_memory_limited()
limit_memory(100)
assert is_memory_limited()
try:
    np.ones(200 * 2**20, np.uint8)
except MemoryError:
    print("refused")
limit = address_space_limit()
lift_memory_limit()
print(np.ones(200 * 2**20, np.uint8).nbytes // 2**20)
set_address_space_limit(limit)
print(is_memory_limited(), used_memory_mib()[0] > used_memory_mib()[1] > 0)
with without_memory_limit():
    print(is_memory_limited())
    kept = np.ones(200 * 2**20, np.uint8)
print((address_space_limit() - limit) // 2**20 // 100)
try:
    np.ones(200 * 2**20, np.uint8)
except MemoryError:
    print("refused")
"""


def test_a_process_can_limit_itself_and_lift_the_limit() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.split() == ["refused", "200", "True", "True", "False", "2", "refused"]
