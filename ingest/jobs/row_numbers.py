"""Row numbers of files in stores that must not be given out: those that points have.

A database that was restored from an older backup would give them out again. Searches compare points with rows by the ids
of files, so this only keeps the points of two files from mixing.
"""

from ingest.db import row_numbers
from ingest.observability import logs
from ingest.services import Services

MAX_SKIPPED = 10_000_000
"""Points with greater numbers are not of this service, or damaged. Postgres skips a million numbers in about 0.5 s."""

_log = logs.get(__name__)


def advance_past_points(services: Services) -> int:
    """Skip all row numbers that points have. Returns the last one that was skipped, 0 without any."""
    with services.database.reading() as session:
        start = row_numbers.last_row_number(session)
    last = start
    for index in services.indexes().values():
        while (above := index.find_row_above(last)) is not None:
            last = above
    if last == start:
        return 0
    if last - start > MAX_SKIPPED:
        _log.error("row_numbers_not_advanced", last=start, found=last)
        return 0
    with services.database.transaction() as session:
        row_numbers.advance(session, last)
    return last
