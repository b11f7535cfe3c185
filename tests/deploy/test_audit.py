"""`make audit` says in a sentence what it found, and also that it could not look: with a stand-in for pip-audit."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parents[2] / "deploy" / "audit.py"

GOOD = {"name": "httpx", "version": "1.0", "vulns": []}
BAD = {"name": "lxml", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found and could not be audited: ours (1.0)"}
TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1\nConnectionError: nobody is there'


def audit(folder: Path, said: str, complaint: str = "") -> subprocess.CompletedProcess[str]:
    """Run it with a pip-audit that says this."""
    tool = folder / "bin" / "pip-audit"
    tool.parent.mkdir(parents=True)
    tool.write_text(
        f"#!{sys.executable}\nimport sys\nprint({said!r})\nprint({complaint!r}, file=sys.stderr)\nsys.exit(1)\n"
    )
    tool.chmod(0o755)
    return subprocess.run(
        [sys.executable, str(AUDIT), str(folder)], capture_output=True, text=True, timeout=60, check=False
    )


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_nothing_known_is_good(tmp_path: Path) -> None:
    done = audit(tmp_path, report(GOOD))

    assert (done.returncode, done.stdout, done.stderr) == (0, "No vulnerability is known of the 1 packages.\n", "")


def test_what_is_known_is_told_with_the_version_that_mends_it_and_so_is_what_could_not_be_looked_up(
    tmp_path: Path,
) -> None:
    done = audit(tmp_path, report(GOOD, BAD, UNKNOWN))

    assert (done.returncode, done.stdout) == (1, "lxml 2.0: PYSEC-1, mended in 2.1\n")
    assert done.stderr == (
        "make audit: of 3 packages these could not be looked up: ours. Nothing is said about theirs.\n"
    )


def test_when_all_were_looked_up_nothing_but_the_findings_is_told(tmp_path: Path) -> None:
    done = audit(tmp_path, report(GOOD, BAD))

    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("said", "complaint", "why"),
    [
        ("", TRACEBACK, "does not answer (ConnectionError: nobody is there)"),
        ("", "", "does not answer"),
        ("<html>", "", "does not answer"),
        (report(UNKNOWN, UNKNOWN), "", "knows none of the 2 packages"),
        (report(GOOD, *[UNKNOWN] * 7), "", "of 8 packages these could not be looked up: ours, ours"),
    ],
)
def test_what_cannot_be_looked_up_is_one_line_and_no_traceback(
    tmp_path: Path, said: str, complaint: str, why: str
) -> None:
    done = audit(tmp_path, said, complaint)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert why in done.stderr


@pytest.mark.services
def test_without_an_index_it_says_so(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1"}

    done = subprocess.run(
        [sys.executable, str(AUDIT), str(tmp_path / "new")],
        env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot be installed" in done.stderr
