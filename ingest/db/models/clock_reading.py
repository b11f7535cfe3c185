"""The table `clock_readings`."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import WITHOUT_ROWID, Base


class ClockReading(Base):
    """The last reading of the database's clock by one machine, and the last jump that it noticed (ingest/db/clock_readings.py)."""

    __tablename__ = "clock_readings"
    __table_args__ = WITHOUT_ROWID

    boot_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Names one start of the machine."""
    uptime: Mapped[float]
    """The seconds since that start, at the time of the reading."""
    read_at: Mapped[float]
    jumped_at: Mapped[float | None]
    """When the machine last noticed that the clock had jumped, by the new time."""
    jump_seconds: Mapped[float | None]
    """How far the clock had jumped; less than 0 if it went back."""
