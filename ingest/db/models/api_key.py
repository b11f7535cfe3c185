"""The table `api_keys`."""

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber


class ApiKey(Base):
    """An API key, without its secret. The row stays after the key was revoked."""

    __tablename__ = "api_keys"
    __table_args__ = AUTOINCREMENT

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(String(32), unique=True)
    """The first characters of the key, by which its row is found."""
    sha256: Mapped[str] = mapped_column(String(64))
    """The hash of the whole key."""
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[int]
    last_used_at: Mapped[int | None]
    """Accurate to the minute."""
    revoked_at: Mapped[int | None]
