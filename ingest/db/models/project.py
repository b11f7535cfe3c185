"""The table `projects`."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber


class Project(Base):
    """A tenant. One project sees nothing of another (deploy/docs/decisions/0006-projects-share-tables.md). A limit of None does not apply."""

    __tablename__ = "projects"
    __table_args__ = AUTOINCREMENT

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[int]
    paced_until: Mapped[float] = mapped_column(default=0.0)
    """When all requests so far would be over at the allowed rate: GCRA's theoretical arrival time (db/tenancy/quotas.py)."""
    requests_per_minute: Mapped[int | None]
    files_in_progress: Mapped[int | None]
    stored_bytes: Mapped[int | None]
