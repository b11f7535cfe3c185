"""Rows of keys and projects: one query returns everything that a request needs."""

import pytest

from ingest.caller import DEFAULT_PROJECT, Limits
from ingest.db.models import ApiKey, Project
from ingest.db.session import Database
from ingest.db.tenancy import keys
from tests.conftest import Clock

PREFIX = "sk-ing-abcd"


@pytest.fixture
def project(database: Database) -> str:
    with database.transaction() as session:
        session.add(Project(id="proj_1", name="one", created_at=1, requests_per_minute=60))
    return "proj_1"


def add_key(database: Database, project: str) -> ApiKey:
    key = ApiKey(id="key_1", project=project, name="k", prefix=PREFIX, sha256="0" * 64, scopes=["read"], created_at=1)
    with database.transaction() as session:
        session.add(key)
    return key


def look_up(database: Database, prefix: str = PREFIX) -> keys.KeyLookup:
    with database.reading() as session:
        return keys.look_up(session, prefix)


def test_a_key_is_found_by_its_prefix_with_the_limits_of_its_project(
    database: Database, project: str, clock: Clock
) -> None:
    add_key(database, project)

    found = look_up(database)

    assert found.key is not None
    assert (found.key.project, found.key.scopes, found.key.revoked_at) == (project, ["read"], None)
    assert (found.limits, found.keys_exist, found.read_at) == (Limits(requests_per_minute=60), True, clock())


def test_without_such_a_key_the_limits_are_those_of_the_default_project(database: Database, project: str) -> None:
    assert look_up(database) == keys.KeyLookup(None, Limits(), False, look_up(database).read_at)
    add_key(database, project)
    with database.transaction() as session:
        keys.set_limits(session, DEFAULT_PROJECT, {"stored_bytes": 5})

    found = look_up(database, "sk-ing-unknown")

    assert (found.key, found.limits, found.keys_exist) == (None, Limits(stored_bytes=5), True)


def test_a_key_is_revoked_once_and_still_counts_as_a_key(database: Database, project: str, clock: Clock) -> None:
    add_key(database, project)

    with database.transaction() as session:
        revoked = [keys.revoke(session, "key_1"), keys.revoke(session, "key_1"), keys.revoke(session, "key_2")]
        assert keys.any_exist(session)

    assert revoked == [True, False, False]
    found = look_up(database)
    assert found.key is not None
    assert (found.key.revoked_at, found.keys_exist) == (int(clock()), True)


def test_a_use_is_recorded_at_most_once_in_an_interval(database: Database, project: str, clock: Clock) -> None:
    add_key(database, project)
    recorded = []
    for seconds in (0, 59, 1):
        clock.advance(seconds)
        found = look_up(database).key
        assert found is not None
        with database.transaction() as session:
            keys.record_use(session, found, every_seconds=60)
        after = look_up(database).key
        assert after is not None
        recorded.append(after.last_used_at)

    assert recorded == [int(clock()) - 60, int(clock()) - 60, int(clock())]


def test_projects_are_found_by_id_and_by_name(database: Database, project: str) -> None:
    with database.reading() as session:
        found = [keys.get_project(session, name) for name in (project, "one", "two")]
        everyone = keys.list_projects(session)

    assert [row.id if row else None for row in found] == [project, project, None]
    assert [row.id for row in everyone] == [DEFAULT_PROJECT, project]


def test_only_the_limits_that_are_named_change(database: Database, project: str) -> None:
    with database.transaction() as session:
        keys.set_limits(session, project, {"stored_bytes": 7})
        keys.set_limits(session, project, {})

    with database.reading() as session:
        row = keys.get_project(session, project)
    assert keys.limits_of(row) == Limits(requests_per_minute=60, stored_bytes=7)
