"""`make demo` imports, searches and stops without leftovers."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.story
def test_the_demo_imports_searches_and_leaves_no_process(tmp_path: Path) -> None:
    environment = dict(os.environ) | {"TMPDIR": str(tmp_path)}

    ended = subprocess.run(
        [sys.executable, "deploy/demo/demo.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "The store counts 18 completed, 0 failed, 18 in total." in ended.stdout
    assert "Stopped; no process is left." in ended.stdout
    assert list(tmp_path.glob("ingest-demo-*")) == []
    assert _processes_that_mention(tmp_path) == []


def _processes_that_mention(folder: Path) -> list[list[str]]:
    """Return the command lines of processes that mention this folder."""
    commands = []
    for process in psutil.process_iter():
        try:
            if str(folder) in f"{process.cmdline()} {process.environ()}":
                commands.append(process.cmdline())
        except psutil.Error:
            continue
    return commands
