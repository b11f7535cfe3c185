"""The dashboard and the alerts use existing metrics, and every alert is documented."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from api import metrics as api_metrics
from api.app import build_app
from ingest.config import Settings
from ingest.observability import metrics
from ingest.services import Services

DEPLOY = Path(__file__).parents[2] / "deploy"


def expressions() -> list[str]:
    """Return every PromQL expression of the dashboard and of the alerts."""
    panels = json.loads((DEPLOY / "grafana" / "ingest.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    return asked + [rule["expr"] for rule in rules()]


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def exported_names() -> set[str]:
    """Return the names under which the metrics are scraped."""
    assert metrics.jobs is not None
    counted = {
        name
        for family in REGISTRY.collect()
        for name in (family.name, f"{family.name}_total", f"{family.name}_bucket")
        if family.name.startswith("ingest_")
    }
    asked = set(re.findall(r'GaugeMetricFamily\(\s*"(\w+)"', Path(api_metrics.__file__).read_text()))
    return counted | asked


def test_every_metric_of_dashboards_and_alerts_exists() -> None:
    asked = {name for expression in expressions() for name in re.findall(r"\bingest_\w+", expression)}

    assert len(asked) > 8
    assert asked <= exported_names()


def test_every_probed_route_exists(tmp_path: Path) -> None:
    routes = set(build_app(Services(Settings(data=tmp_path))).openapi()["paths"])
    asked = {route for expression in expressions() for route in re.findall(r'route="([^"]+)"', expression)}

    assert asked
    assert asked <= routes


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads((DEPLOY / "grafana" / "ingest.json").read_text())["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("alert", [rule["alert"] for rule in rules()])
def test_every_alert_has_a_section_in_the_documentation(alert: str) -> None:
    assert re.search(rf"^### {alert}$", (DEPLOY / "docs" / "monitoring.md").read_text(), re.MULTILINE)
