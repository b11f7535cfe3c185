"""Direct access to the database and the services of a data folder."""

from pathlib import Path

import pytest

from ingest.cli.direct_access import open_database, open_services
from ingest.errors import Refused
from ingest.tenancy import projects
from tests.cli.conftest import Command


def test_a_database_is_created_and_migrated_in_a_new_folder_which_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        with open_database(tmp_path / "data", may_create=True) as database:
            projects.create(database, name, {})

    assert (tmp_path / "data" / "ingest.db").exists()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"No service has used the data folder {tmp_path / 'data'}: a new database is created there." in said


@pytest.mark.parametrize(
    "command",
    [
        ("keys", "list"),
        ("keys", "revoke", "key_1"),
        ("projects", "list"),
        ("projects", "limits", "acme"),
        ("verify",),
        ("export", "store", "archive.tar"),
        ("import-archive", "archive.tar"),
    ],
    ids=" ".join,
)
def test_a_folder_that_no_service_has_used_is_refused_and_stays_empty(
    tmp_path: Path, ingest: Command, command: tuple[str, ...]
) -> None:
    ended = ingest(*command, "--data", tmp_path)

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert f"No service has used the data folder {tmp_path}" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_services_without_a_data_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="data folder"), open_services(tmp_path / "nothing", "ingest verify"):
        pass
