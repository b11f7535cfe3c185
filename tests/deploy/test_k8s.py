"""deploy/k8s is valid, consistent and closed by default."""

import ipaddress
from pathlib import Path
from typing import Any

import kubernetes_validate
import psycopg
import pytest
import yaml

from ingest.config import Settings
from ingest.dispatch.broker import MAINTENANCE_QUEUE, QUEUES
from tests.deploy.test_compose import option

K8S = Path(__file__).parents[2] / "deploy" / "k8s"
OLDEST, NEWEST = "1.32", "1.37"


def documents(folder: str) -> list[dict[str, Any]]:
    """Return every object of a kustomization without its bases."""
    names = yaml.safe_load((K8S / folder / "kustomization.yaml").read_text())["resources"]
    paths = [K8S / folder / name for name in names if name.endswith(".yaml")]
    return [document for path in paths for document in yaml.safe_load_all(path.read_text())]


def pods() -> list[dict[str, Any]]:
    """Return the pod template of every deployment and job."""
    return [d["spec"]["template"]["spec"] for d in documents("base") if d["kind"] in ("Deployment", "Job")]


def containers() -> list[dict[str, Any]]:
    return [container for pod in pods() for container in pod["containers"]]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_object_is_valid_against_its_schema(version: str) -> None:
    found = documents("base")
    for document in found:
        kubernetes_validate.validate(document, version, strict=True)

    assert {d["kind"] for d in found} >= {"Deployment", "Job", "Service", "NetworkPolicy", "PodDisruptionBudget"}


@pytest.mark.parametrize("folder", ["base", "keda"])
def test_every_kubernetes_file_is_in_a_kustomization(folder: str) -> None:
    listed = yaml.safe_load((K8S / folder / "kustomization.yaml").read_text())["resources"]

    assert {path.name for path in (K8S / folder).glob("*.yaml")} == {
        *(name for name in listed if name.endswith(".yaml")),
        "kustomization.yaml",
    }


def test_pods_have_the_least_privileges() -> None:
    for pod in pods():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]) == {"requests", "limits"}


def test_beat_gets_one_key_of_the_secret() -> None:
    (beat,) = (c for c in containers() if c["name"] == "beat")

    assert beat["envFrom"] == [{"configMapRef": {"name": "ingest-settings"}}]
    assert [variable["name"] for variable in beat["env"]] == ["INGEST_REDIS_URL"]


def test_flower_is_read_only_and_gets_two_keys_of_the_secret() -> None:
    (flower,) = (c for c in containers() if c["name"] == "flower")
    given = {variable["name"]: variable.get("valueFrom") for variable in flower["env"]}

    assert "--read_only=true" in flower["command"]
    assert "envFrom" not in flower
    assert set(given) == {"INGEST_REDIS_URL", "FLOWER_BASIC_AUTH", "INGEST_DATA"}


def test_services_and_budgets_select_pods_that_exist() -> None:
    components = {
        d["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]
        for d in documents("base")
        if d["kind"] in ("Deployment", "Job")
    }
    selected = {
        (d["spec"]["selector"].get("matchLabels") or d["spec"]["selector"])["app.kubernetes.io/component"]
        for d in documents("base")
        if d["kind"] in ("Service", "PodDisruptionBudget")
    }

    assert selected
    assert selected <= components


def policies() -> dict[str, dict[str, Any]]:
    """Return every network policy by name."""
    return {d["metadata"]["name"]: d["spec"] for d in documents("base") if d["kind"] == "NetworkPolicy"}


def selected_by(policy: dict[str, Any]) -> set[str]:
    """Return the components that a policy selects; none for one that selects all pods of the service."""
    selector = policy["podSelector"]
    labels = {v for k, v in selector.get("matchLabels", {}).items() if k == "app.kubernetes.io/component"}
    return labels | {value for each in selector.get("matchExpressions", []) for value in each["values"]}


def test_no_pod_connects_anywhere_unless_a_policy_allows_it() -> None:
    everybody = policies()["ingest-nobody"]

    assert everybody == {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "ingest"}},
        "policyTypes": ["Ingress", "Egress"],
    }


def test_only_the_api_reaches_addresses_outside_the_cluster() -> None:
    to_addresses = [
        policy
        for policy in policies().values()
        if any("ipBlock" in peer for rule in policy.get("egress", []) for peer in rule["to"])
    ]

    assert [selected_by(policy) for policy in to_addresses] == [{"api"}]
    assert all(rule.get("to") for policy in policies().values() for rule in policy.get("egress", []))


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.31.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "168.63.129.16",
     "192.0.0.192", "192.88.99.1", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fd00::1", "fec0::1",
     "64:ff9b::a00:1", "2002:a00:1::", "2001::1", "3fff::1", "::ffff:10.0.0.1"],
)  # fmt: skip
def test_the_api_reaches_no_private_address(address: str) -> None:
    assert not is_reached(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111"])
def test_the_api_reaches_public_addresses(address: str) -> None:
    assert is_reached(address)


def is_reached(address: str) -> bool:
    """Return whether the policy of the API allows connections to an address."""
    parsed = ipaddress.ip_address(address)
    blocks = [peer["ipBlock"] for rule in policies()["ingest-public"]["egress"] for peer in rule["to"]]
    return any(
        parsed in ipaddress.ip_network(block["cidr"])
        and not any(parsed in ipaddress.ip_network(excepted) for excepted in block["except"])
        for block in blocks
    )


def test_policies_select_pods_that_exist() -> None:
    components = {
        d["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]
        for d in documents("base")
        if d["kind"] in ("Deployment", "Job")
    }
    selected = {component for policy in policies().values() for component in selected_by(policy)}

    assert selected == components


def test_workers_listen_to_every_queue() -> None:
    (worker,) = (c for c in containers() if c["name"] == "worker")

    assert option(worker["command"], "--queues").split(",") == [
        QUEUES["interactive"],
        MAINTENANCE_QUEUE,
        QUEUES["bulk"],
    ]
    (ocr_worker,) = (c for c in containers() if c["name"] == "ocr-worker")
    assert option(ocr_worker["command"], "--queues") == QUEUES["slow"]


def test_every_setting_in_the_manifests_exists() -> None:
    known = {f"INGEST_{name.upper()}" for name in Settings.model_fields} | {"FLOWER_BASIC_AUTH"}
    (settings,) = (d["data"] for d in documents("base") if d["kind"] == "ConfigMap")
    named = {variable["name"] for container in containers() for variable in container.get("env", [])}

    assert {*settings, *named} <= known


@pytest.mark.services
def test_the_queries_of_the_autoscaler_run_on_the_schema(postgres_server: str, postgres_template: str) -> None:
    scaled = [d["spec"]["triggers"][0]["metadata"]["query"] for d in documents("keda") if d["kind"] == "ScaledObject"]

    with psycopg.connect(postgres_server.rsplit("/", 1)[0] + "/" + postgres_template) as connection:
        waiting = [connection.execute(query).fetchone() for query in scaled]

    assert waiting == [(0,), (0,)]
