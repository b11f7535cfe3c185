"""Direct access to the database and the services of a data folder."""

from pathlib import Path

import pytest

from ingest.cli.direct_access import open_database, open_services
from ingest.errors import Refused
from ingest.tenancy import projects


def test_a_database_is_created_and_migrated_in_a_new_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with open_database(tmp_path / "data") as database:
            projects.create(database, name, {})

    assert (tmp_path / "data" / "ingest.db").exists()


def test_services_without_a_data_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="data folder"), open_services(tmp_path / "nothing", "ingest verify"):
        pass
