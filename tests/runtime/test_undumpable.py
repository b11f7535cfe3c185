"""Other processes of the user cannot read the memory of an undumpable one."""

import os
import subprocess
import sys

import pytest

PR_GET_DUMPABLE = 3


@pytest.mark.parametrize("program", [
    "from ingest.runtime.undumpable import make_undumpable; make_undumpable()",
    "import workers.app",
])  # fmt: skip
def test_processes_of_the_service_are_undumpable(program: str) -> None:
    check = f"import ctypes; print('dumpable', ctypes.CDLL(None).prctl({PR_GET_DUMPABLE}, 0, 0, 0, 0))"

    environment = os.environ | {"INGEST_REDIS_URL": "redis://127.0.0.1:1"}

    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{check}"], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "dumpable 0"
