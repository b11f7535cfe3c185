"""API keys: what the database stores of them, and whom they authenticate."""

import hashlib

import pytest
from sqlalchemy import select

from ingest.caller import DEFAULT_PROJECT, Caller, Limits
from ingest.db.models import ApiKey
from ingest.db.session import Database
from ingest.errors import Refused, Unauthorised
from ingest.tenancy import keys, projects
from ingest.tenancy.keys import Scope
from tests.conftest import Clock


def create_key(database: Database, *scopes: Scope, project: str = DEFAULT_PROJECT) -> tuple[str, str]:
    """Create a key and return it with its id."""
    secret, key = keys.create(database, project=project, name="a test", scopes=scopes or ("read", "write"))
    return secret, key.id


def read_key(database: Database, key_id: str) -> ApiKey:
    with database.reading() as session:
        return session.scalars(select(ApiKey).where(ApiKey.id == key_id)).one()


def rejection(database: Database, secret: str | None, *, is_local: bool = True) -> str:
    with pytest.raises(Unauthorised) as refused:
        keys.authenticate(database, secret, is_local=is_local)
    assert refused.value.code == "invalid_api_key"
    return str(refused.value)


def test_only_the_prefix_and_the_hash_of_a_key_are_stored(database: Database) -> None:
    secret, key_id = create_key(database)

    stored = read_key(database, key_id)
    columns = [str(getattr(stored, column.key)) for column in ApiKey.__table__.columns]
    assert stored.sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.startswith(stored.prefix)
    assert len(secret) - len(stored.prefix) == 35
    assert not [text for text in columns if secret in text or secret[18:] in text]


def test_keys_are_unique_and_use_all_characters(database: Database) -> None:
    created = {create_key(database)[0] for _ in range(50)}

    assert len({secret[: keys.STORED_PREFIX_CHARACTERS] for secret in created}) == 50
    assert len({character for secret in created for character in secret[len(keys.KEY_PREFIX) :]}) == 62


def test_a_key_authenticates_its_project_with_its_scopes(database: Database) -> None:
    other = projects.create(database, "other", {"files_in_progress": 3})
    secret, _ = create_key(database, "read", project="other")
    admin_key, _ = create_key(database, "admin")

    principal = keys.authenticate(database, secret, is_local=False)

    assert principal.caller == Caller(other.id, Limits(files_in_progress=3))
    assert (principal.has_scope("read"), principal.has_scope("write")) == (True, False)
    assert keys.authenticate(database, admin_key, is_local=False).caller == Caller(DEFAULT_PROJECT)
    assert keys.authenticate(database, admin_key, is_local=False).has_scope("write")


def test_every_wrong_key_gets_the_same_error(database: Database) -> None:
    secret, key_id = create_key(database)
    revoked, revoked_id = create_key(database)
    keys.revoke(database, revoked_id)
    last = "a" if secret[-1] != "a" else "b"

    wrong = [
        secret[:-1] + last,
        revoked,
        keys.KEY_PREFIX + "x" * 43,
        "none",
        secret + "x",
        "sk-\x00",
        secret[:18],
        key_id,
    ]

    assert {rejection(database, wrong_key) for wrong_key in wrong} == {keys.INCORRECT_KEY_MESSAGE}
    assert rejection(database, None) == keys.MISSING_KEY_MESSAGE


def test_before_the_first_key_only_local_requests_are_accepted(database: Database) -> None:
    for wrong_key in (None, "none", keys.KEY_PREFIX + "x" * 43):
        principal = keys.authenticate(database, wrong_key, is_local=True)
        assert principal.caller == Caller(DEFAULT_PROJECT)
        assert principal.has_scope("write")
        assert rejection(database, wrong_key, is_local=False) == keys.NO_KEYS_YET_MESSAGE


def test_a_service_whose_keys_are_all_revoked_still_requires_a_key(database: Database) -> None:
    secret, key_id = create_key(database)
    assert rejection(database, None) == keys.MISSING_KEY_MESSAGE

    keys.revoke(database, key_id)

    assert rejection(database, None) == keys.MISSING_KEY_MESSAGE
    assert rejection(database, secret) == keys.INCORRECT_KEY_MESSAGE
    with pytest.raises(Refused):
        keys.revoke(database, key_id)


def test_the_last_use_is_written_at_most_once_a_minute(database: Database, clock: Clock) -> None:
    secret, key_id = create_key(database)
    assert read_key(database, key_id).last_used_at is None
    last_used = []
    for _ in range(5):
        keys.authenticate(database, secret, is_local=False)
        last_used.append(read_key(database, key_id).last_used_at)
        clock.advance(25)

    start = int(clock()) - 125
    assert last_used == [start, start, start, start + 75, start + 75]


def test_a_key_needs_an_existing_project(database: Database) -> None:
    with pytest.raises(Refused, match="no project 'nobody'"):
        create_key(database, project="nobody")
