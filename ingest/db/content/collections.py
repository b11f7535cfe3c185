"""The embedding models that points have been made with, by name: where in Qdrant points may be, configured or not."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.db.models import Collection, VectorStore
from ingest.db.session import serialise


def known(session: Session) -> Sequence[Collection]:
    """All of them, by name."""
    return session.scalars(select(Collection).order_by(Collection.model)).all()


def get(session: Session, model: str) -> Collection | None:
    """That of a model, None when no points were ever made with it."""
    return session.get(Collection, model)


def add(session: Session, model: str, *, dimensions: int, multivector: bool) -> Collection:
    """Write down what a model's collection is like, unless it is known already; what it is like."""
    serialise(session, f"collection:{model}")
    found = get(session, model)
    if found is None:
        found = Collection(model=model, dimensions=dimensions, multivector=multivector)
        session.add(found)
    return found


def used(session: Session) -> set[str]:
    """The models that stores are searched with, or go over to."""
    alive = (VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None))
    going = VectorStore.other_state.in_(("staging", "mixed"))
    models = select(VectorStore.model).where(*alive)
    others = select(VectorStore.other_model).where(*alive, going)
    return {model for model in session.scalars(models.union(others)) if model is not None}
