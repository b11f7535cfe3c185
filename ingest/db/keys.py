"""Projects and their keys as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from ingest.callers import DEFAULT_PROJECT, Limits
from ingest.db.counters import changed, run
from ingest.db.models import ApiKey, Project
from ingest.db.session import now, read_clock


@dataclass(frozen=True)
class Known:
    """What is known of who presents a key: the key with that prefix, if there is one, and its project's limits."""

    key: ApiKey | None
    limits: Limits
    """Of the key's project, or of the default project."""
    keys_exist: bool
    """Also revoked ones: a service that once had keys is never open again."""
    at: float


def known(session: Session, prefix: str) -> Known:
    """What there is about a key's first characters."""
    key = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))
    owner = project(session, DEFAULT_PROJECT if key is None else key.project)
    exist = key is not None or session.scalar(select(ApiKey.row).limit(1)) is not None
    return Known(key, Limits() if owner is None else limits(owner), exist, read_clock(session))


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


def used(session: Session, key: ApiKey, *, every_seconds: float) -> None:
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


def limits(of: Project) -> Limits:
    """A project's limits."""
    return Limits(of.requests_per_minute, of.files_in_progress, of.stored_bytes)
