"""Rows of the gates of re-indexes. Every change of a gate is made under the `store_membership` lock of its store."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from ingest.db.execute import execute
from ingest.db.id_slices import slices
from ingest.db.models import File, GateState, ReindexGate, StoreFile, VectorStore
from ingest.db.session import read_clock


def get(session: Session, store_id: str, model: str) -> ReindexGate | None:
    """Return the gate of a store's migration to a model, freshly read and without its queries."""
    is_gate = (ReindexGate.vector_store_id == store_id, ReindexGate.model == model)
    return session.scalar(select(ReindexGate).where(*is_gate).execution_options(populate_existing=True))


def read_queries(session: Session, gate: ReindexGate) -> list[dict[str, Any]]:
    """Return the golden queries of a gate."""
    return list(session.scalars(select(ReindexGate.queries).where(*_is_gate(gate))).one())


def replace(
    session: Session, store: VectorStore, model: str, queries: Sequence[dict[str, Any]] | None, tolerance: float
) -> None:
    """Set the gate of a store's migration to a model; `queries` None removes it."""
    former = get(session, store.id, model)
    version = 0 if former is None else former.version + 1
    execute(
        session,
        sql_delete(ReindexGate).where(ReindexGate.vector_store_id == store.id, ReindexGate.model == model),
    )
    if former is not None:
        session.expunge(former)
    if queries is not None:
        session.add(
            ReindexGate(
                vector_store_id=store.id,
                model=model,
                created_at=int(read_clock(session)),
                version=version,
                tolerance=tolerance,
                queries=list(queries),
                query_count=len(queries),
            )
        )
        session.flush()


def reset(session: Session, gate: ReindexGate, state: GateState) -> None:
    """Let a gate be evaluated anew (`waiting`), or override it. What was measured before stays visible."""
    values: dict[str, Any] = {"state": state, "version": gate.version + 1, "reason": None, "announced": True}
    update_columns(session, gate, values | {"batch": None, "epoch": None, "recalls": []})


def update_columns(session: Session, gate: ReindexGate, values: dict[str, Any]) -> None:
    """Set columns of a gate whose version is the one that was read."""
    is_unchanged = (*_is_gate(gate), ReindexGate.version == gate.version)
    execute(session, update(ReindexGate).where(*is_unchanged).values(values))


def record_verdict(
    session: Session,
    gate: ReindexGate,
    values: dict[str, Any],
    state: GateState,
    result: dict[str, Any],
    reason: str | None,
) -> None:
    """Record what a complete evaluation came to, with what it is about. Its event is announced afterwards."""
    verdict = {"state": state, "result": result, "reason": reason, "evaluated_at": read_clock(session)}
    update_columns(session, gate, values | verdict | {"announced": False})


def find_files(session: Session, store_id: str, names: Sequence[str]) -> set[str]:
    """Return those of the names and ids of files that a searchable file of the store has."""
    found: set[str] = set()
    for some in slices(names):
        statement = (
            select(StoreFile.file_id, File.filename)
            .join(File, File.id == StoreFile.file_id)
            .where(StoreFile.vector_store_id == store_id, StoreFile.live_generation.is_not(None))
            .where(StoreFile.file_id.in_(some) | File.filename.in_(some))
        )
        for row in session.execute(statement):
            found |= {row.file_id, row.filename}
    return found & set(names)


def _is_gate(gate: ReindexGate) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ReindexGate.vector_store_id == gate.vector_store_id, ReindexGate.model == gate.model
