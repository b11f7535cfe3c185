"""The list of commands, and errors of every command."""

import pytest

from ingest.cli import COMMANDS
from tests.cli.conftest import Command


def test_the_help_lists_every_command_with_one_line(ingest: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    lines = ingest("--help").out.splitlines()

    start = next(number for number, line in enumerate(lines) if "Commands" in line)
    listed = [line.strip("│ ").split("  ", 1) for line in lines[start + 1 :] if line.startswith("│")]
    assert [parts[0] for parts in listed] == list(COMMANDS)
    assert all(parts[1].strip().endswith(".") for parts in listed)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_text(ingest: Command, command: str) -> None:
    ended = ingest(command, "--help")

    assert ended.code == 0
    assert f"Usage: ingest {command}" in ended.out


def test_an_unknown_command_is_an_error(ingest: Command) -> None:
    assert ingest("nothing").code == 2
