"""Advisory locks: every lock's name, and the order in which a transaction takes locks.

On SQLite a writing transaction is alone from its start, so these functions do nothing there. On Postgres a lock lasts until
its transaction ends.

The order, so that no two transitions wait for each other:
1. `store_membership` or `cancelled_batch`; a transaction takes at most one of them.
2. `project_storage`, then `upload`, then `blob`.
3. Rows of files, by row number; then rows of batches, by row number; then rows of stores.
4. `project_work` and `outage`.
The other locks are the first lock of a transaction that takes none of these, or are only tried, never waited for.

Processes of two releases may run side by side during an upgrade. A lock's name must therefore stay the same, byte for byte.
"""

from typing import NewType

from sqlalchemy import String, bindparam, func, select, text
from sqlalchemy.orm import Session

from ingest.db.execute import execute_prepared

LockName = NewType("LockName", str)

# One lock each; only `MIGRATION`, `VERIFICATION` and `CLOCK` are waited for.
MIGRATION = LockName("ingest:migrate")
VERIFICATION = LockName("verification")
EXPIRED_LEASES = LockName("recover")
CANCELLED_BATCHES = LockName("cancels")
DELETED_STORES = LockName("stores")
EXPIRED_STORES = LockName("expired stores")
EXPIRED_IMPORTS = LockName("expired imports")
TOMBSTONES = LockName("tombstones")
WEBHOOK_EVENTS = LockName("webhooks")
CLOCK = LockName("clock")


def store_membership(store_id: str) -> LockName:
    """Name the lock of what changes a store's files or its models; it comes before the rows of the files."""
    return LockName(f"attach:{store_id}")


def cancelled_batch(batch_row: int) -> LockName:
    """Name the lock of what rewrites the files of a cancelled batch."""
    return LockName(f"cancelled:{batch_row}")


def upload(upload_id: str) -> LockName:
    """Name the lock of what completes or cancels an upload."""
    return LockName(f"upload:{upload_id}")


def blob(key: str) -> LockName:
    """Name the lock of what stores, claims or deletes the bytes with this SHA-256."""
    return LockName(f"blob:{key}")


def project_storage(project: str) -> LockName:
    """Name the lock of what counts a project's stored bytes against its quota."""
    return LockName(f"stored:{project}")


def project_work(project: str) -> LockName:
    """Name the lock of what counts a project's files in progress against its quota."""
    return LockName(f"in progress:{project}")


def collection(model: str) -> LockName:
    """Name the lock of what registers the collection of an embedding model."""
    return LockName(f"collection:{model}")


def outage(dependency: str) -> LockName:
    """Name the lock of what counts failures of a dependency."""
    return LockName(f"outage:{dependency}")


def webhook_endpoints(project: str) -> LockName:
    """Name the lock of what adds an endpoint to a project."""
    return LockName(f"webhooks:{project}")


def import_schedules(store_id: str) -> LockName:
    """Name the lock of what adds an import schedule to a store."""
    return LockName(f"imports:{store_id}")


def feeder(lane: str) -> LockName:
    """Name the lock of what publishes files to a lane of the broker."""
    return LockName(f"feeder:{lane}")


def advisory_lock(session: Session, name: LockName) -> None:
    """Wait until no other transaction holds the lock, and hold it until this transaction ends."""
    if not _is_sqlite(session):
        execute_prepared(session, _LOCK, name=name)


def try_advisory_lock(session: Session, name: LockName) -> bool:
    """Take the lock as `advisory_lock` does, but return False at once when another transaction holds it."""
    return _is_sqlite(session) or bool(execute_prepared(session, _TRY_LOCK, name=name).scalar_one())


def set_idle_timeout(session: Session, seconds: float) -> None:
    """Let this transaction and its locks live for this long between two statements, whatever its process's timeouts."""
    if not _is_sqlite(session):  # there they live as long as their process
        session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {int(seconds * 1000)}"))


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


_KEY = func.hashtextextended(bindparam("name", type_=String), 0)
_LOCK = select(func.pg_advisory_xact_lock(_KEY))
_TRY_LOCK = select(func.pg_try_advisory_xact_lock(_KEY))
