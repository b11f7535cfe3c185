"""deploy/compose.yaml and deploy/env.example are valid, consistent and closed by default."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from ingest.cli.settings import setting_lines
from ingest.config import Settings
from ingest.dispatch.broker import MAINTENANCE_QUEUE, QUEUES

DEPLOY = Path(__file__).parents[2] / "deploy"
OURS = ("migrate", "api", "worker", "ocr-worker", "beat", "flower")
SERVERS = ("postgres", "redis", "qdrant")


def services() -> dict[str, Any]:
    """Return the services of the compose file with anchors and merges resolved."""
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return dict(loaded["services"])


def option(command: list[str], name: str) -> str:
    """Return the value of a command's option."""
    return command[command.index(name) + 1]


def test_the_compose_file_is_valid() -> None:
    described = PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load((DEPLOY / "compose.yaml").read_text())))

    described.validate()

    assert set(described.service_names()) == {*OURS, *SERVERS}


@pytest.mark.parametrize("name", OURS)
def test_our_containers_have_the_least_privileges(name: str) -> None:
    service = services()[name]

    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("restart") == ("no" if name == "migrate" else "unless-stopped")


def test_flower_is_read_only_and_has_the_broker_and_its_own_password_only() -> None:
    flower = services()["flower"]

    assert "--read_only=true" in flower["command"]
    assert (flower["env_file"], flower["volumes"]) == ([], [])
    assert set(flower["environment"]) == {"INGEST_REDIS_URL", "FLOWER_BASIC_AUTH"}


def test_beat_has_the_broker_and_no_other_secret() -> None:
    beat = services()["beat"]

    assert (beat["env_file"], beat["volumes"]) == ([], [])
    assert {name for name, value in beat["environment"].items() if value} == {"INGEST_REDIS_URL"}
    assert not {"PASSWORD", "KEY", "SECRET"} & {part for name in beat["environment"] for part in name.split("_")}


@pytest.mark.parametrize("name", [name for name in OURS if name not in ("beat", "flower")])
def test_no_container_has_a_secret_of_env_example_that_only_others_use(name: str) -> None:
    given = set(re.findall(r"^(\w+)=$", (DEPLOY / "env.example").read_text(), re.MULTILINE))
    environment = services()[name]["environment"]
    needed = {"INGEST_SECRETS_KEY"} if name in ("api", "migrate") else set()

    assert {secret for secret in given if environment[secret]} == needed


@pytest.mark.parametrize("name", ["deploy/.env", "deploy/k8s/secret.env"])
def test_files_with_secrets_are_ignored_by_git_and_by_the_image(name: str) -> None:
    ignored = (DEPLOY.parent / ".gitignore").read_text().splitlines()
    outside_the_image = (DEPLOY.parent / ".dockerignore").read_text().splitlines()

    assert name in ignored
    assert f"**/{Path(name).name}" in outside_the_image


@pytest.mark.parametrize("name", ["api", "worker", "ocr-worker", "beat", "flower", *SERVERS])
def test_every_long_running_container_has_limits(name: str) -> None:
    assert set(services()[name]["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


def test_ports_are_published_on_the_loopback_interface_only() -> None:
    published = [port for service in services().values() for port in service.get("ports", [])]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_databases_are_reachable_only_inside_the_network() -> None:
    networks = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["networks"]

    assert networks["inside"] == {"internal": True}
    assert all(services()[name]["networks"] == ["inside"] for name in SERVERS)


def test_workers_listen_to_every_queue() -> None:
    queues = option(services()["worker"]["command"], "--queues").split(",")

    assert queues == [QUEUES["interactive"], MAINTENANCE_QUEUE, QUEUES["bulk"]]
    assert option(services()["ocr-worker"]["command"], "--queues") == QUEUES["slow"]


def test_every_setting_in_the_manifests_exists() -> None:
    known = {f"INGEST_{name.upper()}" for name in Settings.model_fields}
    used = {name for service in services().values() for name in service.get("environment", {})}

    assert {name for name in used if name.startswith("INGEST_")} <= known


def test_every_variable_of_the_compose_file_is_in_env_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    given = set(re.findall(r"^(\w+)=$", (DEPLOY / "env.example").read_text(), re.MULTILINE))

    assert used == given


def test_the_example_has_every_setting_with_its_meaning_and_default() -> None:
    below = (DEPLOY / "env.example").read_text().split("-" * 100)[1].split("\n", 1)[1]

    assert below.strip() == "\n".join(setting_lines()), "run `make env.example`"
