"""Tables of `ingest eval`."""

from rich.console import Console
from rich.table import Table

from ingest.cli.output import add_row, print_line, table_console
from ingest.search.evaluation.comparison import ChangedQuery, Comparison
from ingest.search.evaluation.runs import Evaluation

SHOWN_CHANGES = 10
"""Queries that a comparison lists in each direction."""

SHOWN_FILES = 10


def print_evaluation(evaluation: Evaluation, missing: list[str]) -> None:
    """Print the mean of each metric, and the expected files that the store does not have."""
    console = Console()
    print_line(console, f"{len(evaluation.queries):,} queries, {evaluation.name}")
    table = Table("metric", "mean")
    table.columns[1].justify = "right"
    for name, value in evaluation.means().items():
        add_row(table, name, f"{value:.4f}")
    console.print(table)
    for name in missing[:SHOWN_FILES]:
        print_line(console, f"not in the store: {name}")
    if len(missing) > SHOWN_FILES:
        print_line(console, f"and {len(missing) - SHOWN_FILES:,} other expected files")


def print_queries(evaluation: Evaluation) -> None:
    """Print the metrics of each query, and the ranks of what it expects."""
    names = list(evaluation.queries[0].metrics)
    table = Table("query", "ranks", *names)
    for column in table.columns[1:]:
        column.justify = "right"
    for each in evaluation.queries:
        ranks = ", ".join("-" if rank is None else str(rank) for rank in each.ranks)
        add_row(table, each.query, ranks, *(f"{each.metrics[name]:.2f}" for name in names))
    table_console().print(table)


def print_comparison(first: str, second: str, comparison: Comparison) -> None:
    """Print the difference of each metric, and the queries that changed most."""
    console = table_console()
    print_line(console, f"first: {first}")
    print_line(console, f"second: {second}")
    table = Table("metric", "first", "second", "difference", "95 % interval", "better", "worse", "sign test")
    for column in table.columns[1:]:
        column.justify = "right"
    for each in comparison.metrics:
        interval = f"{each.interval[0]:+.4f} to {each.interval[1]:+.4f}{' *' if each.is_significant else ''}"
        means = f"{each.first:.4f}", f"{each.second:.4f}", f"{each.difference:+.4f}"
        add_row(table, each.name, *means, interval, f"{each.better:,}", f"{each.worse:,}", f"p = {each.sign_test:.3f}")
    console.print(table)
    print_line(console, "* zero is outside of the interval")
    if comparison.unmatched:
        print_line(console, f"{comparison.unmatched:,} queries are in one of the results only and are left out")
    worse = [each for each in comparison.changed if each.second < each.first]
    better = [each for each in reversed(comparison.changed) if each.second > each.first]
    _print_changes(console, f"worse by {comparison.metrics[0].name}", worse)
    _print_changes(console, f"better by {comparison.metrics[0].name}", better)


def _print_changes(console: Console, title: str, changes: list[ChangedQuery]) -> None:
    if changes:
        print_line(console, f"{title}:")
    for each in changes[:SHOWN_CHANGES]:
        print_line(console, f"  {each.first:.2f} -> {each.second:.2f}  {each.query}")
    if len(changes) > SHOWN_CHANGES:
        print_line(console, f"  and {len(changes) - SHOWN_CHANGES:,} more")
