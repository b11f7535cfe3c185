"""API keys: made once and shown once, kept as a hash, and what their bearers may do."""

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

MARK = "sk-ingest-"
SECRET_CHARACTERS = 43
"""Of 62 kinds: 256 bits."""

PREFIX_CHARACTERS = len(MARK) + 8
"""So much of a key is kept readable; the 208 bits after it are not."""

USED_EVERY_SECONDS = 60.0

INCORRECT = "Incorrect API key provided."
MISSING = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)
NONE_YET = (
    "This service has no API keys yet, and without one it only answers requests made on its own machine. "
    "Make one with `ingest keys create`."
)

_ALPHABET = string.digits + string.ascii_letters
_NOBODYS = "0" * 64  # compared with where there is no key, so that this takes as long
_SHAPE = re.compile(rf"{MARK}[0-9A-Za-z]{{{SECRET_CHARACTERS}}}")


@dataclass(frozen=True)
class Admitted:
    """Somebody whose key is good, or who needs none."""

    caller: Caller
    scopes: frozenset[str]

    def may(self, scope: Scope) -> bool:
        """Whether a scope is among theirs; admin has them all."""
        return scope in self.scopes or "admin" in self.scopes


def create(database: Database, *, project: str, name: str, scopes: Sequence[Scope]) -> tuple[str, ApiKey]:
    """A new key of a project (name or id): the key itself, which is nowhere else, and its row. Raises Refused."""
    secret = MARK + "".join(secrets.choice(_ALPHABET) for _ in range(SECRET_CHARACTERS))
    with database.transaction() as session:
        owner = rows.project(session, project)
        if owner is None:
            raise Refused(f"There is no project '{project}'. Make it with `ingest projects create`.")
        key = ApiKey(
            id=ids.new("key_"),
            project=owner.id,
            name=name,
            prefix=secret[:PREFIX_CHARACTERS],
            sha256=_hash(secret),
            scopes=[scope for scope in SCOPES if scope in scopes],
            created_at=int(read_clock(session)),
        )
        session.add(key)
    return secret, key


def revoke(database: Database, key_id: str) -> None:
    """Let a key be of no use from the next request on. Raises Refused when there is no such key in use."""
    with database.transaction() as session:
        if not rows.revoke(session, key_id):
            raise Refused(f"There is no key '{key_id}' in use. `ingest keys list` shows them.")


def admit(database: Database, secret: str | None, *, local: bool) -> Admitted:
    """Who presents this key. While no key was ever made, who is `local` needs none. Raises Unauthorised.

    Whatever is wrong with a key, the answer and the way to it are the same.
    """
    given = secret if secret is not None and _SHAPE.fullmatch(secret) else ""
    with database.reading() as session:
        known = rows.known(session, given[:PREFIX_CHARACTERS])
    kept = _NOBODYS if known.key is None else known.key.sha256
    is_right = hmac.compare_digest(_hash(given), kept)
    if known.key is not None and is_right and known.key.revoked_at is None:
        _used(database, known.key, known.at)
        return Admitted(Caller(known.key.project, known.limits), frozenset(known.key.scopes))
    if not known.keys_exist and local:
        return Admitted(Caller(DEFAULT_PROJECT, known.limits), frozenset(SCOPES))
    if not known.keys_exist:
        raise Unauthorised(NONE_YET, code="invalid_api_key")
    raise Unauthorised(INCORRECT if secret else MISSING, code="invalid_api_key")


def _used(database: Database, key: rows.Key, at: float) -> None:
    if key.last_used_at is None or at - key.last_used_at >= USED_EVERY_SECONDS:
        with suppress(DependencyDown), database.transaction() as session:  # reading must not need to write
            rows.used(session, key, every_seconds=USED_EVERY_SECONDS)


def _hash(secret: str) -> str:
    """Fast on purpose: nobody can try 2^208 keys, so a slow hash would only slow down every request."""
    return hashlib.sha256(secret.encode()).hexdigest()
