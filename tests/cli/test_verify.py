"""`ingest verify`: the report and the exit code."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.verify import Finding, Report
from tests.cli.conftest import Command

FINDING = Finding("stuck", "vs_1", "a batch waits for nothing")


def return_findings(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    """Let the checks return these findings. No service is opened."""
    report = Report(
        stores=1, batches=2, files=3, points=4, blobs=5, counts=dict(Counter(each.kind for each in findings)),
        repaired=0, findings=list(findings), hints=[],
    )  # fmt: skip

    @contextmanager
    def open_services(_data: Path | None, _command: str) -> Iterator[tuple[None, bool]]:
        yield None, False

    monkeypatch.setattr("ingest.cli.verify.open_services", open_services)
    monkeypatch.setattr("ingest.cli.verify.run_checks", lambda _services, repair, is_running, deep: report)


def test_consistent_data_exits_with_0(ingest: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    return_findings(monkeypatch)

    ended = ingest("verify")

    assert ended.code == 0
    assert "everything is consistent" in ended.out


def test_findings_are_listed_and_exit_with_1(ingest: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    return_findings(monkeypatch, FINDING)

    ended = ingest("verify")

    assert ended.code == 1
    assert "1 findings" in ended.out
    assert "vs_1" in ended.out


def test_the_report_is_one_json_object(ingest: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    return_findings(monkeypatch, FINDING)

    ended = ingest("verify", "--json")

    assert json.loads(ended.out)["findings"][0]["object"] == "vs_1"
