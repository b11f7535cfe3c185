"""Projects: who shares one database without seeing each other, and what each may use."""

from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError

from ingest import ids
from ingest.db.models import Project
from ingest.db.session import Database, read_clock
from ingest.db.tenancy import keys as rows
from ingest.errors import Refused

NAME_CHARACTERS = 64

Given = Mapping[str, int | None]
"""Limits by the names of their columns; None is no limit."""


def create(database: Database, name: str, limits: Given) -> Project:
    """A new project. Raises Refused when the name is taken or is none."""
    if not name or len(name) > NAME_CHARACTERS or name.startswith("proj_"):
        raise Refused(f"A project's name has 1 to {NAME_CHARACTERS} characters and does not begin with 'proj_'.")
    try:
        with database.transaction() as session:
            project = Project(id=ids.new("proj_"), name=name, created_at=int(read_clock(session)), **limits)
            session.add(project)
    except IntegrityError as exc:
        raise Refused(f"There is a project '{name}' already.") from exc
    return project


def set_limits(database: Database, name: str, limits: Given) -> Project:
    """Change those limits of a project (name or id) that are given. Raises Refused when there is no such project."""
    with database.transaction() as session:
        project = rows.project(session, name)
        if project is None:
            raise Refused(f"There is no project '{name}'. `ingest projects list` shows them.")
        rows.set_limits(session, project.id, limits)
        session.refresh(project)
    return project
