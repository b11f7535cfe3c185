"""Lines, tables and events on standard output."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from ingest.caller import DEFAULT_PROJECT
from ingest.cli.output import add_row, echo, print_line, print_to_stderr
from ingest.db.migrate import migrate
from ingest.db.session import Database
from ingest.tenancy import keys

INGEST = str(Path(sys.executable).with_name("ingest"))
CLI = Path(__file__).parents[2] / "ingest" / "cli"
HOSTILE = "[red]\x1b[2Jname\x1b]0;x\x07\u202e\nforged line :smile: ü"
SHOWN = r"[red]\x1b[2Jname\x1b]0;x\x07\u202e\nforged line :smile: ü"


def test_a_line_is_neither_wrapped_nor_parsed_as_markup() -> None:
    output = StringIO()

    print_line(Console(file=output, width=20), "[red]a[/red] :smile: and a line that is longer than the console")

    assert output.getvalue() == "[red]a[/red] :smile: and a line that is longer than the console\n"


def test_no_text_controls_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output = StringIO()
    console = Console(file=output, width=200, force_terminal=True, color_system="truecolor")
    table = Table("name", box=None)
    add_row(table, HOSTILE)

    print_line(console, HOSTILE)
    console.print(table)
    echo(HOSTILE)
    print_to_stderr(HOSTILE)
    captured = capsys.readouterr()

    assert output.getvalue().splitlines()[0] == SHOWN
    assert SHOWN in output.getvalue().splitlines()[-1]
    assert (captured.out, captured.err) == (SHOWN + "\n", SHOWN + "\n")


def test_commands_print_data_only_through_this_module() -> None:
    """`print` is for JSON, `typer.echo` for secrets and texts of our own, and tables get rows from `add_row`."""
    own_words = re.compile(r"\b(?:table|console)\.add_row|\bmarkup=True|[^_.\w]print\((?!json\.)|typer\.echo\((?!secret\b|\"|'|endpoint\.signing_secret|rotated\.signing_secret)")  # fmt: skip
    allowed = {"output.py", "__init__.py", "import_report.py"}
    found = {
        f"{path.name}: {line.strip()}"
        for path in CLI.glob("*.py")
        if path.name not in allowed
        for line in path.read_text().splitlines()
        if own_words.search(line) and '"files with warnings"' not in line
    }

    assert found == set()


@pytest.mark.services
def test_a_terminal_of_ascii_that_is_narrow_and_knows_nothing_shows_everything(tmp_path: Path) -> None:
    environment = os.environ | {
        "LANG": "C",
        "LC_ALL": "C",
        "PYTHONIOENCODING": "ascii",
        "TERM": "dumb",
        "COLUMNS": "20",
    }
    database = Database(f"sqlite:///{tmp_path}/ingest.db")
    migrate(database)
    keys.create(database, project=DEFAULT_PROJECT, name=HOSTILE, scopes=["read"])
    database.dispose()
    listed = subprocess.run(
        [INGEST, "keys", "list", "--data", str(tmp_path)], env=environment, capture_output=True, timeout=100
    )

    assert listed.returncode == 0
    assert listed.stderr == b""
    assert listed.stdout.isascii()
    assert b"\x1b" not in listed.stdout
    assert b"key_" in listed.stdout


@pytest.mark.services
def test_a_reader_that_has_gone_is_no_error() -> None:
    """As `ingest settings | head -1`, with a reader that is gone before the first byte."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([INGEST, "settings"], stdout=writing, stderr=subprocess.PIPE, timeout=100)
    os.close(writing)

    assert ended.stderr == b""
    assert ended.returncode in (0, 1)
