"""The report that an import prints at its end."""

from io import StringIO

from rich.console import Console

from ingest.cli.import_report import print_failures
from ingest.imports.failures import FailedFile, group_by_reason


def test_failures_are_printed_below_their_reason_the_most_frequent_first() -> None:
    output = StringIO()

    print_failures(
        Console(file=output, width=80),
        group_by_reason([_failed("a.txt", "empty"), _failed("b.pdf", "damaged"), _failed("z.txt", "empty")]),
    )

    assert output.getvalue() == "2 files: empty\n  a.txt\n  z.txt\n1 file: damaged\n  b.pdf\n"


def test_outside_a_terminal_every_path_is_printed_in_full() -> None:
    output = StringIO()
    paths = [f"{'long/' * 60}{number:03}.txt" for number in range(100)]

    print_failures(Console(file=output, width=40), group_by_reason(_failed(path, "empty") for path in paths))

    assert output.getvalue().splitlines() == ["100 files: empty", *(f"  {path}" for path in paths)]


def test_a_terminal_gets_the_first_paths_and_the_number_of_the_others() -> None:
    output = StringIO()

    print_failures(
        Console(file=output, width=40, force_terminal=True, color_system=None),
        group_by_reason(_failed(f"{number:03}.txt", "empty") for number in range(25)),
    )

    lines = output.getvalue().splitlines()
    assert lines[0] == "25 files: empty"
    assert lines[20] == "  019.txt"
    assert lines[21:] == ["  and 5 more; --failures FILE lists all of them"]


def _failed(path: str, reason: str) -> FailedFile:
    return path, "failed", None, reason
