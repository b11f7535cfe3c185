"""The embedding models that points have been made with: each has a collection in the index, configured or not."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ingest.db import locks
from ingest.db.execute import execute
from ingest.db.models import Collection, VectorStore


def list_all(session: Session) -> Sequence[Collection]:
    """Return all collections, by the name of their model."""
    return session.scalars(select(Collection).order_by(Collection.model)).all()


def get(session: Session, model: str) -> Collection | None:
    """Return a model's collection; None if no points were ever made with the model."""
    return session.get(Collection, model)


def register(session: Session, model: str, *, dimensions: int, multivector: bool) -> Collection:
    """Return a model's collection; record it with this shape if it is new."""
    locks.advisory_lock(session, locks.collection(model))
    collection = get(session, model)
    if collection is None:
        collection = Collection(model=model, dimensions=dimensions, multivector=multivector)
        session.add(collection)
    return collection


def record_cosine_floor(session: Session, model: str, floor: float) -> float | None:
    """Record the cosine floor of a model unless it has one. Return the recorded one, None for a model without a row."""
    without_floor = (Collection.model == model, Collection.cosine_floor.is_(None))
    execute(session, update(Collection).where(*without_floor).values(cosine_floor=floor))
    return session.scalar(select(Collection.cosine_floor).where(Collection.model == model))


def cosine_floor(session: Session, model: str) -> float | None:
    """Return the recorded cosine floor of a model, None if it was not measured yet."""
    return session.scalar(select(Collection.cosine_floor).where(Collection.model == model))


def models_in_use(session: Session) -> set[str]:
    """Return the models that stores are searched with or migrate to."""
    alive = (VectorStore.is_active,)
    migrating = VectorStore.standby_state.in_(("staging", "mixed"))
    models = select(VectorStore.model).where(*alive)
    standby_models = select(VectorStore.standby_model).where(*alive, migrating)
    return {model for model in session.scalars(models.union(standby_models)) if model is not None}
