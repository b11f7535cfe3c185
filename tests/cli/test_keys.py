"""`ingest keys`, `ingest projects`, and what `ingest up` says without them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli import app
from ingest.cli.database import opened
from ingest.errors import Refused, Unauthorised
from ingest.tenancy import keys


def run(data: Path, *command: str, code: int = 0) -> str:
    """What a command prints on standard output."""
    done = CliRunner().invoke(app, [*command, "--data", str(data)])
    assert done.exit_code == code, done.output
    return str(done.stdout)


def test_a_key_is_printed_once_and_listed_by_its_beginning(tmp_path: Path) -> None:
    secret = run(tmp_path, "keys", "create", "--name", "laptop", "--scope", "read").strip()

    listed = run(tmp_path, "keys", "list")

    assert keys.PREFIX_CHARACTERS < len(secret) == len(keys.MARK) + keys.SECRET_CHARACTERS
    assert secret[: keys.PREFIX_CHARACTERS] in listed
    assert secret not in listed
    assert "laptop" in listed
    with opened(tmp_path) as database:
        assert keys.admit(database, secret, local=False).scopes == {"read"}


def test_a_revoked_key_is_of_no_use(tmp_path: Path) -> None:
    secret = run(tmp_path, "keys", "create").strip()
    key_id = next(word for word in run(tmp_path, "keys", "list").split() if word.startswith("key_"))

    run(tmp_path, "keys", "revoke", key_id)

    with opened(tmp_path) as database, pytest.raises(Unauthorised, match="Incorrect API key"):
        keys.admit(database, secret, local=True)


def test_a_project_is_made_limited_and_given_a_key(tmp_path: Path) -> None:
    project = run(tmp_path, "projects", "create", "acme", "--stored-bytes", "1000").split()[0]
    run(tmp_path, "projects", "limits", "acme", "--stored-bytes", "0", "--files-in-progress", "7")
    secret = run(tmp_path, "keys", "create", "--project", "acme").strip()

    with opened(tmp_path) as database:
        caller = keys.admit(database, secret, local=False).caller
    assert caller.project == project
    assert (caller.limits.stored_bytes, caller.limits.files_in_progress) == (None, 7)
    assert "acme" in run(tmp_path, "projects", "list")


def test_an_unknown_scope_is_refused(tmp_path: Path) -> None:
    run(tmp_path, "keys", "create", "--scope", "everything", code=2)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "ingest.example"])
def test_up_refuses_other_addresses_while_there_is_no_key(tmp_path: Path, host: str) -> None:
    done = CliRunner().invoke(app, ["up", "--data", str(tmp_path), "--host", host])

    assert isinstance(done.exception, Refused)
    assert "ingest keys create" in str(done.exception)
