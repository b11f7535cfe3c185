"""The worker's side of the point outbox: delete points that nothing owns any more, and write changed attributes.

`ingest/db/queue/point_jobs.py` is the outbox: transactions that change rows add jobs to it, and this module carries them
out in the index.
"""

from collections.abc import Sequence

from ingest.db.models import PointJob
from ingest.db.queue import point_jobs
from ingest.errors import IngestError
from ingest.observability import logs
from ingest.services import Services
from ingest.stores.members import write_attributes_to_points

JOBS_PER_SLICE = 256

_log = logs.get(__name__)


def purge_points(services: Services) -> None:
    """Delete the points of files that failed, and of files that were cancelled, replaced or deleted.

    Each purge runs a second time later: a worker that lost its lease may still be writing.
    """
    # Such a worker writes until its lease and one request after it have passed. Twice that is the safety margin.
    again_after_seconds = 2 * (services.settings.lease_seconds + services.settings.qdrant_timeout_seconds)
    while True:
        with services.database.transaction() as session:
            purges = point_jobs.take_due(session, "purge", JOBS_PER_SLICE)
        if not purges:
            return
        _purge(services, purges)
        with services.database.transaction() as session:
            point_jobs.finish(session, purges, again_after_seconds=again_after_seconds)


def write_changed_attributes(services: Services) -> None:
    """Write one slice of changed attributes to the points. A job that fails is due again later, behind the others."""
    with services.database.transaction() as session:
        jobs = point_jobs.take_due(session, "attributes", JOBS_PER_SLICE)
    for job in jobs:
        try:
            write_attributes_to_points(services, [job])
        except IngestError as exc:  # the index may refuse this file's attributes and accept those of the others
            _log.error("attributes_refused", row=job.store_file, reason=str(exc))


def _purge(services: Services, purges: Sequence[PointJob]) -> None:
    generations = [
        (job.store_file, job.first_generation, job.last_generation) for job in purges if job.store_file is not None
    ]
    # A generation has points of one model only, and its number is used once: purging it in every index is safe.
    for index in services.indexes().values():
        for job in purges:
            if job.store_file is None:
                index.delete_store(job.vector_store_id)
        index.delete_generations(generations)
