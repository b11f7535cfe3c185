"""Verdicts of gates."""

import pytest

from ingest.reindex.gate_verdict import SHOWN_QUERIES, decide

QUERIES = ["first", "second", "third", "fourth"]


def test_equal_recall_passes() -> None:
    verdict = decide(QUERIES, [[1.0, 0.5], [0.5, 1.0], [1.0, 1.0], None], 0.0, [])

    assert (verdict.state, verdict.reason) == ("passed", None)
    assert verdict.result["current"] == verdict.result["staged"] == pytest.approx(2.5 / 3)
    assert (verdict.result["queries"], verdict.result["left_out"]) == (3, 1)
    assert (verdict.result["better"], verdict.result["worse"], verdict.result["sign_test"]) == (1, 1, 1.0)


@pytest.mark.parametrize(("tolerance", "state"), [(0.0, "failed"), (0.124, "failed"), (0.125, "passed")])
def test_recall_may_fall_by_the_tolerance(tolerance: float, state: str) -> None:
    assert decide(QUERIES, [[1.0, 0.5], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], tolerance, []).state == state


def test_the_worst_queries_are_named_first() -> None:
    verdict = decide(QUERIES, [[1.0, 0.5], [1.0, 0.0], [0.5, 1.0], [1.0, 1.0]], 0.0, [])

    assert [each["query"] for each in verdict.result["worse_queries"]] == ["second", "first"]
    assert "Worse are 2 queries, first 'second', 'first'." in (verdict.reason or "")


def test_a_result_is_bounded() -> None:
    many = ["x" * 1_000] * 100

    verdict = decide(many, [[1.0, 0.0]] * 100, 0.0, many)

    assert len(verdict.result["worse_queries"]) == len(verdict.result["missing_files"]) == SHOWN_QUERIES
    assert len(str(verdict.result)) < 10_000
    assert len(verdict.reason or "") < 1_000


@pytest.mark.parametrize("recalls", [[None] * 4, [[0.0, 0.0]] * 4])
def test_nothing_found_at_all_fails(recalls: list[list[float] | None]) -> None:
    verdict = decide(QUERIES, recalls, 1.0, ["gone.pdf"])

    assert verdict.state == "failed"
    assert verdict.reason == (
        "Neither index finds what the 4 golden queries expect, so they measure nothing. "
        "The store has no file named 'gone.pdf' (1 expected files are missing)."
    )
