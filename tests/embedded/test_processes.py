"""The processes that `ingest up` plans, and the URLs that replace them."""

import socket
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.embedded.processes import free_port, plan_service
from ingest.errors import Refused
from ingest.steps.parse import ocr


@pytest.fixture(autouse=True)
def without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "has_slow_lane", lambda settings: False)


def process_names(settings: Settings, *, flower: bool = True) -> list[str]:
    return [process.name for process in plan_service(settings, port=free_port(), flower=flower).processes]


def test_without_configured_servers_all_processes_are_planned(settings: Settings) -> None:
    assert process_names(settings) == ["valkey", "vectors", "api", "worker", "beat", "flower"]


def test_flower_can_be_left_out(settings: Settings) -> None:
    assert "flower" not in process_names(settings, flower=False)


def test_a_url_replaces_exactly_one_process(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, redis_url="redis://elsewhere:6379/0", qdrant_url="")

    assert process_names(settings) == ["vectors", "api", "worker", "beat", "flower"]


def test_slow_files_have_workers_of_their_own_where_ocr_is_installed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queues() -> dict[str, str]:
        commands = {
            process.name: process.command
            for process in plan_service(settings, port=free_port(), flower=False).processes
        }
        return {
            name: command[command.index("--queues") + 1] for name, command in commands.items() if "--queues" in command
        }

    assert queues() == {"worker": "interactive,maintenance,bulk,slow"}
    monkeypatch.setattr(ocr, "has_slow_lane", lambda settings: True)
    assert queues() == {"worker": "interactive,maintenance,bulk", "ocr-worker": "slow"}


def test_processes_receive_the_urls_of_the_servers(settings: Settings) -> None:
    service_plan = plan_service(settings, port=free_port(), flower=False)

    for process in service_plan.processes[2:]:
        assert process.environment["INGEST_REDIS_URL"].startswith("redis://:")
        assert process.environment["INGEST_QDRANT_URL"].startswith("http://127.0.0.1:")
        assert process.environment["INGEST_DATA"] == str(settings.data.absolute())


def test_command_lines_contain_no_secrets(settings: Settings) -> None:
    service_plan = plan_service(settings, port=free_port(), flower=True)
    key = service_plan.environment["INGEST_QDRANT_API_KEY"]
    password = service_plan.environment["INGEST_REDIS_URL"].split(":")[2].split("@")[0]

    assert service_plan.flower_url is not None
    flower = service_plan.flower_url.split(":")[2].split("@")[0]

    command_words = " ".join(word for process in service_plan.processes for word in process.command)

    assert flower not in command_words
    assert (settings.data / "run" / "flower-password").stat().st_mode & 0o077 == 0
    assert key not in command_words
    assert password not in command_words
    assert (settings.data / "valkey" / "valkey.conf").stat().st_mode & 0o077 == 0


def test_flower_keeps_its_password_and_avoids_a_port_in_use(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port_in_use = taken.getsockname()[1]
        settings = settings.model_copy(update={"flower_port": port_in_use})

        first = plan_service(settings, port=free_port(), flower=True).flower_url
        second = plan_service(settings, port=free_port(), flower=True).flower_url

    assert first is not None
    assert second is not None
    assert first.split("@")[0] == second.split("@")[0]
    assert not first.endswith(f":{port_in_use}")


def test_a_port_that_is_in_use_is_refused(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"Port {port} is in use"):
            plan_service(settings, port=port, flower=False)


def test_a_free_port_is_none_that_an_outgoing_connection_may_take() -> None:
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    ports = {free_port() for _ in range(50)}

    assert len(ports) > 40
    assert all(10_000 <= port < first_outgoing for port in ports)
