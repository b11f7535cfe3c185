"""`make demo`: the whole tour, as a stranger runs it first."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.story
def test_the_demo_imports_everything_finds_it_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = dict(os.environ) | {"TMPDIR": str(tmp_path)}

    ended = subprocess.run(
        [sys.executable, "deploy/demo/demo.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "The store counts 18 completed, 0 failed, 18 in total." in ended.stdout
    assert "Stopped; no process is left." in ended.stdout
    assert list(tmp_path.glob("ingest-demo-*")) == []
    assert _processes_of(tmp_path) == []


def _processes_of(folder: Path) -> list[list[str]]:
    """The commands of processes that know this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(folder) in f"{process.cmdline()} {process.environ()}":
                found.append(process.cmdline())
        except psutil.Error:
            continue
    return found
