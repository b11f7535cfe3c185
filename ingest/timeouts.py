"""How long each kind of caller waits for a server that does not answer. All in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """What one caller can afford.

    `connect`: a new connection. `lock`: another's transaction, or a free connection. `statement`: the database's work
    on one statement, after which it gives up itself. `idle`: the database for the next statement of a transaction, after
    which it ends it and frees its locks: a caller that was cut off never says so. `answer`: the answer to a statement,
    after which the connection is thrown away: a server that is frozen or cut off never says that it gave up. `qdrant`,
    `embedding`: at the most for one request there, whatever the settings say, and `embedding_attempts` how many of these.
    """

    connect: float
    lock: float
    statement: float
    idle_in_transaction: float
    response: float
    qdrant_request: float
    embedding_request: float
    embedding_attempts: int


REQUEST_TIMEOUTS = Timeouts(connect=3, lock=4, statement=5, idle_in_transaction=6, response=6, qdrant_request=5, embedding_request=5, embedding_attempts=1)
"""Somebody waits at the other end, and not for longer than ten seconds."""

WORKER_TIMEOUTS = Timeouts(connect=5, lock=6, statement=10, idle_in_transaction=10, response=12, qdrant_request=60, embedding_request=600, embedding_attempts=3)
"""Workers and the sweep: no statement of theirs takes long, and they shall go on soon after a server is back."""

REPORT_TIMEOUTS = Timeouts(connect=5, lock=10, statement=60, idle_in_transaction=60, response=65, qdrant_request=60, embedding_request=600, embedding_attempts=3)
"""Commands that look at everything, and migrations."""
