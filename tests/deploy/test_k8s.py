"""deploy/k8s is valid, consistent and closed by default."""

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
    for container in containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]) == {"requests", "limits"}


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
    known = {f"INGEST_{name.upper()}" for name in Settings.model_fields}
    (settings,) = (d["data"] for d in documents("base") if d["kind"] == "ConfigMap")
    named = {variable["name"] for container in containers() for variable in container.get("env", [])}

    assert {*settings, *named} <= known


@pytest.mark.services
def test_the_queries_of_the_autoscaler_run_on_the_schema(postgres_server: str, postgres_template: str) -> None:
    scaled = [d["spec"]["triggers"][0]["metadata"]["query"] for d in documents("keda") if d["kind"] == "ScaledObject"]

    with psycopg.connect(postgres_server.rsplit("/", 1)[0] + "/" + postgres_template) as connection:
        waiting = [connection.execute(query).fetchone() for query in scaled]

    assert waiting == [(0,), (0,)]
