"""Lines and events on standard output."""

from io import StringIO

from rich.console import Console

from ingest.cli.output import print_line


def test_a_line_is_neither_wrapped_nor_parsed_as_markup() -> None:
    output = StringIO()

    print_line(Console(file=output, width=20), "[red]a[/red] :smile: and a line that is longer than the console")

    assert output.getvalue() == "[red]a[/red] :smile: and a line that is longer than the console\n"
