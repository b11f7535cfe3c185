"""What all models share."""

from sqlalchemy import BigInteger, Float, Index, Integer, text
from sqlalchemy.orm import DeclarativeBase

# SQLite numbers rows by itself only in columns of the type INTEGER.
RowNumber = BigInteger().with_variant(Integer, "sqlite")

AUTOINCREMENT = {"sqlite_autoincrement": True}
"""Table options: SQLite never uses a row number twice. On Postgres sequences see to that."""

WITHOUT_ROWID = {"sqlite_with_rowid": False}
"""Table options: SQLite stores the rows in the primary key itself."""


class Base(DeclarativeBase):
    """The base class of all models; its metadata is today's schema."""

    type_annotation_map = {int: BigInteger, float: Float(53)}  # noqa: RUF012 - SQLAlchemy's own convention


def partial_index(name: str, *columns: str, where: str) -> Index:
    """Declare an index of the rows that meet a condition, on both databases."""
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))
