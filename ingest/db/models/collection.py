"""The table `collections`."""

from sqlalchemy import Boolean, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import WITHOUT_ROWID, Base


class Collection(Base):
    """An embedding model that points were made with, and the vector shape of its Qdrant collection.

    The row is inserted before the first point. Only `cosine_floor` is written later, once.
    """

    __tablename__ = "collections"
    __table_args__ = (CheckConstraint("dimensions > 0", name="dimensions"), WITHOUT_ROWID)

    model: Mapped[str] = mapped_column(String(200), primary_key=True)
    """The name that the model is configured under."""
    dimensions: Mapped[int]
    multivector: Mapped[bool] = mapped_column(Boolean)
    """Whether a chunk has several vectors, one for each window of its text."""
    cosine_floor: Mapped[float | None]
    """Mean cosine of unrelated sentences with this model; None until it was measured (ingest/search/fusion.py)."""
