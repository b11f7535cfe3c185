"""Rows of projects and of their API keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, or_, select, true, update
from sqlalchemy.orm import Session

from ingest.caller import DEFAULT_PROJECT, Limits
from ingest.db.execute import changed_row, execute
from ingest.db.models import ApiKey, Project
from ingest.db.session import now, read_clock


@dataclass(frozen=True)
class Key:
    """The columns of an API key that every request needs."""

    row: int
    project: str
    sha256: str
    scopes: Sequence[str]
    last_used_at: int | None
    revoked_at: int | None


@dataclass(frozen=True)
class KeyLookup:
    """The result of looking up a presented key: the key with its prefix, if there is one, and the project's limits."""

    key: Key | None
    limits: Limits
    """Those of the key's project, or of the default project if there is no such key."""
    keys_exist: bool
    """Whether there are any keys, also revoked ones: a service that once had keys never serves without one again."""
    read_at: float


def look_up(session: Session, prefix: str) -> KeyLookup:
    """Look up a key by its prefix, in one query."""
    row = execute(session, _lookup(now(session)), prefix=prefix).one()
    key = None
    if row.row is not None:
        key = Key(row.row, row.project, row.sha256, row.scopes, row.last_used_at, row.revoked_at)
    return KeyLookup(key, limits_of(row), row.keys_exist, row.at)


def any_exist(session: Session) -> bool:
    """Return whether a key was ever created."""
    return session.scalar(select(ApiKey.row).limit(1)) is not None


def list_all(session: Session) -> Sequence[tuple[ApiKey, str]]:
    """Return every key with the name of its project, oldest first."""
    rows = session.execute(
        select(ApiKey, Project.name).join(Project, Project.id == ApiKey.project).order_by(ApiKey.row)
    )
    return [(row[0], row.name) for row in rows]


def revoke(session: Session, key_id: str) -> bool:
    """Revoke a key. Returns False when there is no such key, or it is revoked already."""
    is_valid = (ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
    return changed_row(session, update(ApiKey).where(*is_valid).values(revoked_at=int(read_clock(session))))


def record_use(session: Session, key: Key, *, every_seconds: float) -> None:
    """Record that a key is used now, unless that was recorded less than `every_seconds` ago."""
    is_outdated = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now(session) - every_seconds)
    at = {"last_used_at": int(read_clock(session))}
    execute(session, update(ApiKey).where(ApiKey.row == key.row, is_outdated).values(at))


def get_project(session: Session, name: str) -> Project | None:
    """Return the project with this id or name."""
    return session.scalar(select(Project).where(or_(Project.id == name, Project.name == name)))


def list_projects(session: Session) -> Sequence[Project]:
    """Return every project, oldest first."""
    return session.scalars(select(Project).order_by(Project.row)).all()


def set_limits(session: Session, project_id: str, changes: Mapping[str, int | None]) -> None:
    """Set the limits of a project that `changes` names."""
    if changes:
        execute(session, update(Project).where(Project.id == project_id).values(dict(changes)))


def limits_of(row: Any) -> Limits:
    """Return a project's limits, from its row or any that has its columns."""
    return Limits(row.requests_per_minute, row.files_in_progress, row.stored_bytes)


@cache
def _lookup(clock: ColumnElement[float]) -> Select[*tuple[Any, ...]]:
    """Select always one row: the key if there is one, its project or the default one, and whether any keys exist."""
    presented = select(ApiKey).where(ApiKey.prefix == bindparam("prefix")).subquery()
    columns = presented.c
    key = (columns.row, columns.project, columns.sha256, columns.scopes, columns.last_used_at, columns.revoked_at)
    limits = (Project.requests_per_minute, Project.files_in_progress, Project.stored_bytes)
    keys_exist = select(ApiKey.row).exists().label("keys_exist")
    one_row = select(literal(1).label("one")).subquery()
    owns_key = Project.id == func.coalesce(columns.project, DEFAULT_PROJECT)
    return (
        select(*key, *limits, keys_exist, clock.label("at"))
        .select_from(one_row)
        .outerjoin(presented, true())
        .outerjoin(Project, owns_key)
    )
