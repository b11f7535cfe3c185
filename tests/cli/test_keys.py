"""`ingest keys`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli import app
from ingest.cli.direct_access import open_database
from ingest.errors import Unauthorised
from ingest.tenancy import keys


def run_command(data: Path, *command: str, code: int = 0) -> str:
    """Run a command on a data folder, check its exit code, and return its standard output."""
    result = CliRunner().invoke(app, [*command, "--data", str(data)])
    assert result.exit_code == code, result.output
    return str(result.stdout)


def test_a_key_is_printed_once_and_listed_by_its_first_characters(tmp_path: Path) -> None:
    secret = run_command(tmp_path, "keys", "create", "--name", "laptop", "--scope", "read").strip()

    listed = run_command(tmp_path, "keys", "list")

    assert keys.STORED_PREFIX_CHARACTERS < len(secret) == len(keys.KEY_PREFIX) + keys.RANDOM_CHARACTERS
    assert secret[: keys.STORED_PREFIX_CHARACTERS] in listed
    assert secret not in listed
    assert "laptop" in listed
    with open_database(tmp_path) as database:
        assert keys.authenticate(database, secret, is_local=False).scopes == {"read"}


def test_a_revoked_key_is_invalid(tmp_path: Path) -> None:
    secret = run_command(tmp_path, "keys", "create").strip()
    key_id = next(word for word in run_command(tmp_path, "keys", "list").split() if word.startswith("key_"))

    run_command(tmp_path, "keys", "revoke", key_id)

    with open_database(tmp_path) as database, pytest.raises(Unauthorised, match="Incorrect API key"):
        keys.authenticate(database, secret, is_local=True)


def test_an_unknown_scope_is_refused(tmp_path: Path) -> None:
    run_command(tmp_path, "keys", "create", "--scope", "everything", code=2)
