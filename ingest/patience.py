"""How long each kind of caller waits for a server that does not answer. All in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
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
    idle: float
    answer: float
    qdrant: float
    embedding: float
    embedding_attempts: int


REQUEST = Patience(connect=3, lock=4, statement=5, idle=6, answer=6, qdrant=5, embedding=5, embedding_attempts=1)
"""Somebody waits at the other end, and not for longer than ten seconds."""

WORK = Patience(connect=5, lock=6, statement=10, idle=10, answer=12, qdrant=60, embedding=600, embedding_attempts=3)
"""Workers and the sweep: no statement of theirs takes long, and they shall go on soon after a server is back."""

REPORT = Patience(connect=5, lock=10, statement=60, idle=60, answer=65, qdrant=60, embedding=600, embedding_attempts=3)
"""Commands that look at everything, and migrations."""
