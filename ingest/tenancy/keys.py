"""API keys: creation, revocation and authentication. A key is shown once; the database stores its hash."""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, get_args

from ingest import ids
from ingest.caller import DEFAULT_PROJECT, Caller
from ingest.db.models import ApiKey
from ingest.db.session import Database, read_clock
from ingest.db.tenancy import keys as rows
from ingest.errors import DependencyDown, Refused, Unauthorised

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

KEY_PREFIX = "sk-ingest-"
RANDOM_CHARACTERS = 43
"""Random characters of a key, out of 62 different ones: 256 bits."""

STORED_PREFIX_CHARACTERS = len(KEY_PREFIX) + 8
"""The start of a key is stored as plain text, to find and to list it. The 208 bits after it are not stored."""

LAST_USED_RESOLUTION_SECONDS = 60.0
"""How often the last use of a key is written at most."""

INCORRECT_KEY_MESSAGE = "Incorrect API key provided."
MISSING_KEY_MESSAGE = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)
NO_KEYS_YET_MESSAGE = (
    "This service has no API keys yet, and without one it only answers requests made on its own machine. "
    "Make one with `ingest keys create`."
)

_ALPHABET = string.digits + string.ascii_letters
_UNMATCHABLE_HASH = "0" * 64
_KEY_PATTERN = re.compile(rf"{KEY_PREFIX}[0-9A-Za-z]{{{RANDOM_CHARACTERS}}}")


@dataclass(frozen=True)
class Principal:
    """An authenticated caller and the scopes of its key."""

    caller: Caller
    scopes: frozenset[str]

    def has_scope(self, scope: Scope) -> bool:
        """Return whether the caller has a scope. `admin` includes all others."""
        return scope in self.scopes or "admin" in self.scopes


def create(database: Database, *, project: str, name: str, scopes: Sequence[Scope]) -> tuple[str, ApiKey]:
    """Create a key for a project, given by name or id, and return the key and its row. The key is stored nowhere.

    Raises Refused if there is no such project.
    """
    secret = KEY_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(RANDOM_CHARACTERS))
    with database.transaction() as session:
        project_row = rows.get_project(session, project)
        if project_row is None:
            raise Refused(f"There is no project '{project}'. Make it with `ingest projects create`.")
        key = ApiKey(
            id=ids.new("key_"),
            project=project_row.id,
            name=name,
            prefix=secret[:STORED_PREFIX_CHARACTERS],
            sha256=_hash(secret),
            scopes=[scope for scope in SCOPES if scope in scopes],
            created_at=int(read_clock(session)),
        )
        session.add(key)
    return secret, key


def revoke(database: Database, key_id: str) -> None:
    """Revoke a key; the next request with it is rejected. Raises Refused if there is no such active key."""
    with database.transaction() as session:
        if not rows.revoke(session, key_id):
            raise Refused(f"There is no key '{key_id}' in use. `ingest keys list` shows them.")


def authenticate(database: Database, secret: str | None, *, is_local: bool) -> Principal:
    """Return the principal of a key. Until the first key is created, an `is_local` request needs none.

    The error and its timing are the same for every wrong key, whether it is malformed, unknown or revoked.
    Raises Unauthorised.
    """
    candidate = secret if secret is not None and is_well_formed(secret) else ""
    with database.reading() as session:
        match = rows.look_up(session, candidate[:STORED_PREFIX_CHARACTERS])
    # Without a stored key the comparison is made all the same, so that it takes as long.
    stored_hash = _UNMATCHABLE_HASH if match.key is None else match.key.sha256
    is_correct = hmac.compare_digest(_hash(candidate), stored_hash)
    if match.key is not None and is_correct and match.key.revoked_at is None:
        _record_use(database, match.key, match.read_at)
        return Principal(Caller(match.key.project, match.limits), frozenset(match.key.scopes))
    if not match.keys_exist and is_local:
        return Principal(Caller(DEFAULT_PROJECT, match.limits), frozenset(SCOPES))
    if not match.keys_exist:
        raise Unauthorised(NO_KEYS_YET_MESSAGE, code="invalid_api_key")
    raise Unauthorised(INCORRECT_KEY_MESSAGE if secret else MISSING_KEY_MESSAGE, code="invalid_api_key")


def is_well_formed(secret: str) -> bool:
    """Return whether a text looks like a key."""
    return _KEY_PATTERN.fullmatch(secret) is not None


def _record_use(database: Database, key: rows.Key, at: float) -> None:
    if key.last_used_at is None or at - key.last_used_at >= LAST_USED_RESOLUTION_SECONDS:
        with suppress(DependencyDown), database.transaction() as session:  # a request works without this write
            rows.record_use(session, key, every_seconds=LAST_USED_RESOLUTION_SECONDS)


def _hash(secret: str) -> str:
    """Return the hash to store. A fast one suffices: a key has too many random bits to be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
