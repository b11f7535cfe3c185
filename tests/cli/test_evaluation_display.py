"""Tables of evaluations."""

import pytest

from ingest.cli.evaluation_display import SHOWN_CHANGES, print_comparison, print_evaluation, print_queries
from ingest.search.evaluation.comparison import compare
from ingest.search.evaluation.golden import Expected, GoldenQuery
from ingest.search.evaluation.runs import Evaluation, assess


def evaluation(name: str, ranks: dict[str, int | None]) -> Evaluation:
    return Evaluation(name, [assess(GoldenQuery(q, (Expected("f"),)), [rank], (5, 10)) for q, rank in ranks.items()])


def test_many_missing_files_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    print_evaluation(evaluation("s", {"q": 1}), [f"{number}.pdf" for number in range(12)])

    out = capsys.readouterr().out
    assert "not in the store: 9.pdf\n" in out
    assert "not in the store: 10.pdf" not in out
    assert "and 2 other expected files\n" in out


def test_a_query_with_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_queries(evaluation("s", {"[bold]rent[/bold]": 2, "gone": None}))

    rows = [line for line in capsys.readouterr().out.splitlines() if "│" in line]
    assert [cell.strip() for cell in rows[0].split("│")[1:4]] == ["[bold]rent[/bold]", "2", "0.63"]
    assert [cell.strip() for cell in rows[1].split("│")[1:4]] == ["gone", "-", "0.00"]


def test_a_comparison_shows_the_largest_changes_of_each_direction(capsys: pytest.CaptureFixture[str]) -> None:
    lost = {f"lost {number}": 1 for number in range(SHOWN_CHANGES + 1)}
    first = evaluation("a", {"won": 3, **lost, "only": 1})
    second = evaluation("b", {"won": 1, **dict.fromkeys(lost, None)})

    print_comparison(first.name, second.name, compare(first, second))

    out = capsys.readouterr().out
    assert "first: a\nsecond: b\n" in out
    assert "1 queries are in one of the results only and are left out" in out
    assert out.count("  1.00 -> 0.00  lost") == SHOWN_CHANGES
    assert "  and 1 more\n" in out
    assert "better by ndcg@10:\n  0.50 -> 1.00  won\n" in out
