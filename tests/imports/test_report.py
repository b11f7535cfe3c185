"""What an import prints about failures."""

from io import StringIO

from rich.console import Console

from ingest.imports.display import tell
from ingest.imports.report import Trouble, failures, grouped


def test_failures_stand_under_their_reason_and_the_most_frequent_comes_first() -> None:
    output = StringIO()

    failures(
        Console(file=output, width=80),
        grouped([_failed("a.txt", "empty"), _failed("b.pdf", "damaged"), _failed("z.txt", "empty")]),
    )

    assert output.getvalue() == "2 files: empty\n  a.txt\n  z.txt\n1 file: damaged\n  b.pdf\n"


def test_a_file_gets_every_path_in_full_whatever_its_length() -> None:
    output = StringIO()
    paths = [f"{'long/' * 60}{number:03}.txt" for number in range(100)]

    failures(Console(file=output, width=40), grouped(_failed(path, "empty") for path in paths))

    assert output.getvalue().splitlines() == ["100 files: empty", *(f"  {path}" for path in paths)]


def test_a_terminal_gets_the_first_paths_and_the_number_of_the_others() -> None:
    output = StringIO()

    failures(
        Console(file=output, width=40, force_terminal=True, color_system=None),
        grouped(_failed(f"{number:03}.txt", "empty") for number in range(25)),
    )

    lines = output.getvalue().splitlines()
    assert lines[0] == "25 files: empty"
    assert lines[20] == "  019.txt"
    assert lines[21:] == ["  and 5 more; --failures FILE gets them all"]


def test_of_a_reason_that_a_million_files_have_only_some_paths_are_kept() -> None:
    ((reason, group),) = grouped(_failed(f"{number}.txt", "empty") for number in range(20_000))

    assert (reason, group.files, len(group.paths)) == ("empty", 20_000, 1_000)


def test_names_are_not_taken_for_markup() -> None:
    output = StringIO()

    tell(Console(file=output, width=20), "[red]a[/red] :smile: and a line that is longer than the console")

    assert output.getvalue() == "[red]a[/red] :smile: and a line that is longer than the console\n"


def _failed(path: str, reason: str) -> Trouble:
    return path, "failed", None, reason
