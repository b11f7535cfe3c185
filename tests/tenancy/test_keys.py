"""Keys: what is kept of them, whom they let in, and when none is needed."""

import hashlib

import pytest
from sqlalchemy import select

from ingest.caller import DEFAULT_PROJECT, Caller, Limits
from ingest.db.models import ApiKey
from ingest.db.session import Database
from ingest.db.tenancy import keys as rows
from ingest.errors import Refused, Unauthorised
from ingest.tenancy import keys, projects
from ingest.tenancy.keys import Scope
from tests.conftest import Clock


def a_key(database: Database, *scopes: Scope, project: str = DEFAULT_PROJECT) -> tuple[str, str]:
    """A new key and its id."""
    secret, key = keys.create(database, project=project, name="a test", scopes=scopes or ("read", "write"))
    return secret, key.id


def row(database: Database, key_id: str) -> ApiKey:
    with database.reading() as session:
        return session.scalars(select(ApiKey).where(ApiKey.id == key_id)).one()


def refusal(database: Database, secret: str | None, *, local: bool = True) -> str:
    with pytest.raises(Unauthorised) as refused:
        keys.admit(database, secret, local=local)
    assert refused.value.code == "invalid_api_key"
    return str(refused.value)


def test_of_a_key_only_its_beginning_and_a_hash_are_kept(database: Database) -> None:
    secret, key_id = a_key(database)

    kept = row(database, key_id)
    columns = [str(getattr(kept, column.key)) for column in ApiKey.__table__.columns]
    assert kept.sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.startswith(kept.prefix)
    assert len(secret) - len(kept.prefix) == 35
    assert not [text for text in columns if secret in text or secret[18:] in text]


def test_no_two_keys_are_the_same(database: Database) -> None:
    made = {a_key(database)[0] for _ in range(50)}

    assert len({secret[: keys.PREFIX_CHARACTERS] for secret in made}) == 50
    assert len({character for secret in made for character in secret[len(keys.MARK) :]}) == 62


def test_a_good_key_is_its_projects(database: Database) -> None:
    other = projects.create(database, "other", {"files_in_progress": 3})
    secret, _ = a_key(database, "read", project="other")
    mine, _ = a_key(database, "admin")

    admitted = keys.admit(database, secret, local=False)

    assert admitted.caller == Caller(other.id, Limits(files_in_progress=3))
    assert (admitted.may("read"), admitted.may("write")) == (True, False)
    assert keys.admit(database, mine, local=False).caller == Caller(DEFAULT_PROJECT)
    assert keys.admit(database, mine, local=False).may("write")


def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(database: Database) -> None:
    secret, key_id = a_key(database)
    revoked, revoked_id = a_key(database)
    keys.revoke(database, revoked_id)
    last = "a" if secret[-1] != "a" else "b"

    wrong = [secret[:-1] + last, revoked, keys.MARK + "x" * 43, "none", secret + "x", "sk-\x00", secret[:18], key_id]

    assert {refusal(database, given) for given in wrong} == {keys.INCORRECT}
    assert refusal(database, None) == keys.MISSING


def test_while_there_is_no_key_only_this_machine_is_answered(database: Database) -> None:
    for given in (None, "none", keys.MARK + "x" * 43):
        admitted = keys.admit(database, given, local=True)
        assert admitted.caller == Caller(DEFAULT_PROJECT)
        assert admitted.may("write")
        assert refusal(database, given, local=False) == keys.NONE_YET


def test_once_there_was_a_key_the_service_is_never_open_again(database: Database) -> None:
    secret, key_id = a_key(database)
    assert refusal(database, None) == keys.MISSING

    keys.revoke(database, key_id)

    assert refusal(database, None) == keys.MISSING
    assert refusal(database, secret) == keys.INCORRECT
    with pytest.raises(Refused):
        keys.revoke(database, key_id)


def test_the_last_use_is_written_at_most_once_a_minute(database: Database, clock: Clock) -> None:
    secret, key_id = a_key(database)
    assert row(database, key_id).last_used_at is None
    seen = []
    for _ in range(5):
        keys.admit(database, secret, local=False)
        seen.append(row(database, key_id).last_used_at)
        clock.advance(25)

    start = int(clock()) - 125
    assert seen == [start, start, start, start + 75, start + 75]


def test_a_key_belongs_to_a_project_that_exists(database: Database) -> None:
    with pytest.raises(Refused, match="no project 'nobody'"):
        a_key(database, project="nobody")


def test_projects_have_names_of_their_own_and_limits_that_can_be_lifted(database: Database) -> None:
    made = projects.create(database, "acme", {"stored_bytes": 10, "requests_per_minute": 5})
    for name in ("acme", "default", "", "proj_x", "x" * 65):
        with pytest.raises(Refused):
            projects.create(database, name, {})

    changed = projects.set_limits(database, "acme", {"stored_bytes": None, "files_in_progress": 2})

    assert rows.limits(changed) == Limits(requests_per_minute=5, files_in_progress=2, stored_bytes=None)
    assert projects.set_limits(database, made.id, {}).name == "acme"
    with database.reading() as session:
        assert [project.name for project in rows.projects(session)] == ["default", "acme"]
