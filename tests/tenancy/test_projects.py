"""Projects and their limits."""

import pytest

from ingest.caller import Limits
from ingest.db.session import Database
from ingest.db.tenancy import keys as rows
from ingest.errors import Refused
from ingest.tenancy import projects


def test_project_names_are_unique_and_limits_can_be_lifted(database: Database) -> None:
    created = projects.create(database, "acme", {"stored_bytes": 10, "requests_per_minute": 5})
    for name in ("acme", "default", "", "proj_x", "x" * 65):
        with pytest.raises(Refused):
            projects.create(database, name, {})

    changed = projects.set_limits(database, "acme", {"stored_bytes": None, "files_in_progress": 2})

    assert rows.limits_of(changed) == Limits(requests_per_minute=5, files_in_progress=2, stored_bytes=None)
    assert projects.set_limits(database, created.id, {}).name == "acme"
    with database.reading() as session:
        assert [project.name for project in rows.list_projects(session)] == ["default", "acme"]
