"""The row numbers of files in stores: reserved, or skipped because points have them."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from ingest.db.execute import changed_row

_SEQUENCE = "pg_get_serial_sequence('store_files', 'row')"
_ROW_OF_SEQUENCE = "WHERE name = 'store_files'"


def reserve(session: Session) -> int:
    """Reserve a row number for a file in a store."""
    if session.get_bind().dialect.name != "sqlite":
        return int(session.scalar(text(f"SELECT nextval({_SEQUENCE})")) or 0)
    if not changed_row(session, text(f"UPDATE sqlite_sequence SET seq = seq + 1 {_ROW_OF_SEQUENCE}")):
        session.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES ('store_files', 1)"))
    return last_row_number(session)


def last_row_number(session: Session) -> int:
    """Return the last row number that was given out."""
    if session.get_bind().dialect.name != "sqlite":
        return int(session.scalar(text(f"SELECT pg_sequence_last_value({_SEQUENCE}::regclass)")) or 0)
    return int(session.scalar(text(f"SELECT seq FROM sqlite_sequence {_ROW_OF_SEQUENCE}")) or 0)


def advance(session: Session, row: int) -> None:
    """Give out no row number up to `row` any more."""
    missing = row - last_row_number(session)
    if missing <= 0:
        return
    if session.get_bind().dialect.name != "sqlite":
        # Not `setval`: other transactions take numbers meanwhile, and it could bring theirs back.
        session.execute(
            text(f"SELECT count(nextval({_SEQUENCE})) FROM generate_series(1, :missing)"), {"missing": missing}
        )
    elif not changed_row(
        session, text(f"UPDATE sqlite_sequence SET seq = :row {_ROW_OF_SEQUENCE}").bindparams(row=row)
    ):
        session.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES ('store_files', :row)"), {"row": row})
