"""`make audit` with a fake pip-audit: every outcome is reported in one sentence."""

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


def audit(folder: Path, stdout: str, stderr: str = "") -> subprocess.CompletedProcess[str]:
    """Run the audit with a pip-audit that prints this output and exits with 1."""
    tool = folder / "bin" / "pip-audit"
    tool.parent.mkdir(parents=True)
    tool.write_text(
        f"#!{sys.executable}\nimport sys\nprint({stdout!r})\nprint({stderr!r}, file=sys.stderr)\nsys.exit(1)\n"
    )
    tool.chmod(0o755)
    return subprocess.run(
        [sys.executable, str(AUDIT), str(folder)], capture_output=True, text=True, timeout=60, check=False
    )


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_no_known_vulnerability_exits_with_0(tmp_path: Path) -> None:
    done = audit(tmp_path, report(GOOD))

    assert (done.returncode, done.stdout, done.stderr) == (0, "No vulnerability is known of the 1 packages.\n", "")


def test_a_vulnerability_is_reported_with_its_fixed_version_and_unknown_packages_are_listed(
    tmp_path: Path,
) -> None:
    done = audit(tmp_path, report(GOOD, BAD, UNKNOWN))

    assert (done.returncode, done.stdout) == (1, "lxml 2.0: PYSEC-1, mended in 2.1\n")
    assert done.stderr == (
        "make audit: of 3 packages these could not be looked up: ours. Nothing is said about theirs.\n"
    )


def test_only_findings_are_printed_when_all_packages_were_checked(tmp_path: Path) -> None:
    done = audit(tmp_path, report(GOOD, BAD))

    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("stdout", "stderr", "message"),
    [
        ("", TRACEBACK, "does not answer (ConnectionError: nobody is there)"),
        ("", "", "does not answer"),
        ("<html>", "", "does not answer"),
        (report(UNKNOWN, UNKNOWN), "", "knows none of the 2 packages"),
        (report(GOOD, *[UNKNOWN] * 7), "", "of 8 packages these could not be looked up: ours, ours"),
    ],
)
def test_an_unreachable_index_is_reported_in_one_line(tmp_path: Path, stdout: str, stderr: str, message: str) -> None:
    done = audit(tmp_path, stdout, stderr)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr


@pytest.mark.long
@pytest.mark.services
def test_an_audit_without_an_index_is_reported(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1"}

    done = subprocess.run(
        [sys.executable, str(AUDIT), str(tmp_path / "new")],
        env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot be installed" in done.stderr
