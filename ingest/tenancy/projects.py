"""Projects: the tenants of a service, and their limits."""

from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError

from ingest import ids
from ingest.db.models import Project
from ingest.db.session import Database, read_clock
from ingest.db.tenancy import keys as rows
from ingest.errors import Refused

MAX_NAME_CHARACTERS = 64

LimitValues = Mapping[str, int | None]
"""Limits by column name; None means no limit."""


def create(database: Database, name: str, limits: LimitValues) -> Project:
    """Create a project. Raises Refused if the name is taken or invalid."""
    if not name or len(name) > MAX_NAME_CHARACTERS or name.startswith("proj_"):
        raise Refused(f"A project's name has 1 to {MAX_NAME_CHARACTERS} characters and does not begin with 'proj_'.")
    try:
        with database.transaction() as session:
            project = Project(id=ids.new("proj_"), name=name, created_at=int(read_clock(session)), **limits)
            session.add(project)
    except IntegrityError as exc:
        raise Refused(f"There is a project '{name}' already.") from exc
    return project


def set_limits(database: Database, name: str, limits: LimitValues) -> Project:
    """Change the given limits of a project, which is given by name or id. Raises Refused if it does not exist."""
    with database.transaction() as session:
        project = rows.get_project(session, name)
        if project is None:
            raise Refused(f"There is no project '{name}'. `ingest projects list` shows them.")
        rows.set_limits(session, project.id, limits)
        session.refresh(project)
    return project
