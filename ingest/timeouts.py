"""How long each kind of caller waits for a server that does not answer. All values are seconds.

The reasons for the values: deploy/docs/decisions/0016-lost-locks.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """The timeouts of one kind of caller."""

    connect: float
    """A new connection to the database."""

    lock: float
    """A lock that another transaction holds, or a free connection of the pool."""

    statement: float
    """One statement; the database cancels it after this time."""

    idle_in_transaction: float
    """The next statement of an open transaction; the database ends the transaction and frees its locks after this time.
    A caller that was cut off cannot do that itself."""

    response: float
    """The response to a statement; the client drops the connection after this time. A server that is frozen or cut off
    never says that it cancelled the statement."""

    qdrant_request: float
    """One request to Qdrant. The setting applies when it is shorter."""

    embedding_request: float
    """One request to an embedding model. The setting applies when it is shorter."""

    embedding_attempts: int
    """Requests to an embedding model before it counts as down (a number, not seconds)."""


REQUEST_TIMEOUTS = Timeouts(
    connect=3,
    lock=4,
    statement=5,
    idle_in_transaction=6,
    response=6,
    qdrant_request=5,
    embedding_request=5,
    embedding_attempts=1,
)
"""For API requests: a client waits, for ten seconds at most."""

WORKER_TIMEOUTS = Timeouts(
    connect=5,
    lock=6,
    statement=10,
    idle_in_transaction=10,
    response=12,
    qdrant_request=60,
    embedding_request=600,
    embedding_attempts=3,
)
"""For workers and maintenance: their statements are short, and they must go on soon after a server is back."""

REPORT_TIMEOUTS = Timeouts(
    connect=3,
    lock=10,
    statement=60,
    idle_in_transaction=60,
    response=65,
    qdrant_request=60,
    embedding_request=600,
    embedding_attempts=3,
)
"""For migrations, and for commands that read all rows."""
