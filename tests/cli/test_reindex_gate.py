"""Waiting for the verdict of a gate, and printing it."""

from collections.abc import Iterator
from typing import Any, cast

import openai
import pytest

from ingest.cli.reindex_gate import wait_for_gate

MODELS = {"model": "small", "other_model": "big"}
WAITING: dict[str, Any] = {"state": "waiting", "reason": None, "metric": None, "worse_queries": [], "missing_files": []}
DELAYED = WAITING | {"reason": "The golden queries cannot be evaluated at present: qdrant: it is down"}
RESULT = {"metric": "recall@10", "current": 1.0, "staged": 0.5, "better": 0, "worse": 1}
FAILED = WAITING | RESULT | {
    "state": "failed", "reason": "Recall falls.", "worse_queries": [{"query": "rent", "current": 1.0, "staged": 0.0}],
    "missing_files": ["gone.pdf"],
}  # fmt: skip


class Answers:
    """A client that gives these answers, one after the other."""

    def __init__(self, *gates: dict[str, Any] | None) -> None:
        self._gates: Iterator[dict[str, Any] | None] = iter(gates)

    def get(self, path: str, *, cast_to: object) -> dict[str, Any]:
        assert path == "/reindex"
        return {**MODELS, "gate": next(self._gates)}


def wait(*gates: dict[str, Any] | None, quiet: bool = False) -> bool:
    return wait_for_gate(cast(openai.OpenAI, Answers(*gates)), "/reindex", quiet=quiet)


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.cli.reindex_gate.POLL_SECONDS", 0.0)


def test_a_store_without_a_gate_is_not_held_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert wait(None)
    assert capsys.readouterr().out == ""


def test_a_delay_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert wait(WAITING, DELAYED, DELAYED, WAITING | RESULT | {"state": "passed"})

    printed = capsys.readouterr()
    assert printed.err == f"{DELAYED['reason']}\n"
    assert printed.out == "the gate has passed: recall@10 1.0000 -> 0.5000 (0 queries better, 1 worse)\n"


def test_a_failure_names_the_queries_and_what_can_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert not wait(FAILED)

    assert capsys.readouterr().out.splitlines() == [
        "the gate has failed: recall@10 1.0000 -> 0.5000 (0 queries better, 1 worse)",
        "Recall falls.",
        "  1.00 -> 0.00  rent",
        "  not in the store: gone.pdf",
        "The store stays with model 'small'. Cut over anyway with --model big --force,",
        "or delete the new index with --purge.",
    ]


def test_a_quiet_wait_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert not wait(FAILED, quiet=True)
    assert capsys.readouterr().out == ""


def test_an_override_lets_the_store_cut_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert wait(WAITING | {"state": "overridden"})
    assert capsys.readouterr().out == "the gate is overridden\n"
