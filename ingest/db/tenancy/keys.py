"""Projects and their keys as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, or_, select, true, update
from sqlalchemy.orm import Session

from ingest.caller import DEFAULT_PROJECT, Limits
from ingest.db.execute import changed, run
from ingest.db.models import ApiKey, Project
from ingest.db.session import now, read_clock


@dataclass(frozen=True)
class Key:
    """Of a key what every request asks."""

    row: int
    project: str
    sha256: str
    scopes: Sequence[str]
    last_used_at: int | None
    revoked_at: int | None


@dataclass(frozen=True)
class Known:
    """What is known of who presents a key: the key with that prefix, if there is one, and its project's limits."""

    key: Key | None
    limits: Limits
    """Of the key's project, or of the default project."""
    keys_exist: bool
    """Also revoked ones: a service that once had keys is never open again."""
    at: float


def known(session: Session, prefix: str) -> Known:
    """What there is about a key's first characters."""
    found = run(session, _knowing(now(session)), presented=prefix).one()
    key = None
    if found.row is not None:
        key = Key(found.row, found.project, found.sha256, found.scopes, found.last_used_at, found.revoked_at)
    return Known(key, limits(found), found.keys_exist, found.at)


def exist(session: Session) -> bool:
    """Whether a key was ever made."""
    return session.scalar(select(ApiKey.row).limit(1)) is not None


def listed(session: Session) -> Sequence[tuple[ApiKey, str]]:
    """Every key with the name of its project, oldest first."""
    found = session.execute(
        select(ApiKey, Project.name).join(Project, Project.id == ApiKey.project).order_by(ApiKey.row)
    )
    return [(row[0], row.name) for row in found]


def revoke(session: Session, key_id: str) -> bool:
    """Let a key be of no use from now on; False when there is none, or it is revoked already."""
    alive = (ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
    return changed(session, update(ApiKey).where(*alive).values(revoked_at=int(read_clock(session))))


def used(session: Session, key: Key, *, every_seconds: float) -> None:
    """Write down that a key is used now, unless that was done a moment ago."""
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now(session) - every_seconds)
    at = {"last_used_at": int(read_clock(session))}
    run(session, update(ApiKey).where(ApiKey.row == key.row, stale).values(at))


def project(session: Session, name: str) -> Project | None:
    """The project with this id or name."""
    return session.scalar(select(Project).where(or_(Project.id == name, Project.name == name)))


def projects(session: Session) -> Sequence[Project]:
    """Every project, oldest first."""
    return session.scalars(select(Project).order_by(Project.row)).all()


def set_limits(session: Session, project_id: str, given: Mapping[str, int | None]) -> None:
    """Change those limits of a project that are given."""
    if given:
        run(session, update(Project).where(Project.id == project_id).values(dict(given)))


def limits(of: Any) -> Limits:
    """A project's limits, from its row or any that has its columns."""
    return Limits(of.requests_per_minute, of.files_in_progress, of.stored_bytes)


@cache
def _knowing(clock: ColumnElement[float]) -> Select[*tuple[Any, ...]]:
    """One row, whatever there is: what every request begins with is asked at once."""
    this = select(ApiKey).where(ApiKey.prefix == bindparam("presented")).subquery()
    key = (this.c.row, this.c.project, this.c.sha256, this.c.scopes, this.c.last_used_at, this.c.revoked_at)
    of = (Project.requests_per_minute, Project.files_in_progress, Project.stored_bytes)
    there = select(ApiKey.row).exists().label("keys_exist")
    one = select(literal(1).label("one")).subquery()
    owner = Project.id == func.coalesce(this.c.project, DEFAULT_PROJECT)
    return (
        select(*key, *of, there, clock.label("at")).select_from(one).outerjoin(this, true()).outerjoin(Project, owner)
    )
