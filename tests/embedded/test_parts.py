"""What `ingest up` starts, and what a URL replaces."""

import socket
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.embedded.parts import free_port, plan
from ingest.errors import Refused


def names(settings: Settings, *, flower: bool = True) -> list[str]:
    return [part.name for part in plan(settings, port=free_port(), flower=flower).parts]


def test_with_no_servers_given_everything_is_started(settings: Settings) -> None:
    assert names(settings) == ["valkey", "vectors", "api", "worker", "beat", "flower"]


def test_flower_can_be_left_out(settings: Settings) -> None:
    assert "flower" not in names(settings, flower=False)


def test_a_url_replaces_one_part_and_nothing_else(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, redis_url="redis://elsewhere:6379/0", qdrant_url="")

    assert names(settings) == ["vectors", "api", "worker", "beat", "flower"]


def test_every_part_is_told_where_the_others_are(settings: Settings) -> None:
    planned = plan(settings, port=free_port(), flower=False)

    for part in planned.parts[2:]:
        assert part.environment["INGEST_REDIS_URL"].startswith("redis://:")
        assert part.environment["INGEST_QDRANT_URL"].startswith("http://127.0.0.1:")
        assert part.environment["INGEST_DATA"] == str(settings.data.absolute())


def test_secrets_are_in_no_command_line(settings: Settings) -> None:
    planned = plan(settings, port=free_port(), flower=True)
    key = planned.environment["INGEST_QDRANT_API_KEY"]
    password = planned.environment["INGEST_REDIS_URL"].split(":")[2].split("@")[0]

    assert planned.flower_url is not None
    flower = planned.flower_url.split(":")[2].split("@")[0]

    words = " ".join(word for part in planned.parts for word in part.command)

    assert flower not in words
    assert (settings.data / "run" / "flower-password").stat().st_mode & 0o077 == 0
    assert key not in words
    assert password not in words
    assert (settings.data / "valkey" / "valkey.conf").stat().st_mode & 0o077 == 0


def test_flower_keeps_its_password_and_gives_way_to_who_has_its_port(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        theirs = taken.getsockname()[1]
        settings = settings.model_copy(update={"flower_port": theirs})

        first = plan(settings, port=free_port(), flower=True).flower_url
        second = plan(settings, port=free_port(), flower=True).flower_url

    assert first is not None
    assert second is not None
    assert first.split("@")[0] == second.split("@")[0]
    assert not first.endswith(f":{theirs}")


def test_a_port_that_is_in_use_is_refused(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"Port {port} is in use"):
            plan(settings, port=port, flower=False)
