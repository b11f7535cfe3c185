"""pyproject.toml names the release; every other place that names it must agree."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RELEASE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_installed_package_has_the_release_of_pyproject() -> None:
    assert importlib.metadata.version("ingest") == RELEASE


def test_compose_and_kubernetes_run_the_release() -> None:
    compose = (ROOT / "deploy/compose.yaml").read_text()
    kustomization = yaml.safe_load((ROOT / "deploy/k8s/base/kustomization.yaml").read_text())

    assert set(re.findall(r"image: ingest:(\S+)", compose)) == {RELEASE}
    assert {image["newTag"] for image in kustomization["images"]} == {RELEASE}


def test_the_changelog_describes_the_release() -> None:
    assert f"\n## {RELEASE}" in (ROOT / "CHANGELOG.md").read_text()
