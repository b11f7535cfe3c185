"""`ingest projects`."""

from pathlib import Path

from ingest.cli.direct_access import open_database
from ingest.tenancy import keys
from tests.cli.test_keys import run_command


def test_a_project_is_created_limited_and_given_a_key(tmp_path: Path) -> None:
    project = run_command(tmp_path, "projects", "create", "acme", "--stored-bytes", "1000").split()[0]
    run_command(tmp_path, "projects", "limits", "acme", "--stored-bytes", "0", "--files-in-progress", "7")
    secret = run_command(tmp_path, "keys", "create", "--project", "acme").strip()

    with open_database(tmp_path) as database:
        caller = keys.authenticate(database, secret, is_local=False).caller
    assert caller.project == project
    assert (caller.limits.stored_bytes, caller.limits.files_in_progress) == (None, 7)
    assert "acme" in run_command(tmp_path, "projects", "list")
