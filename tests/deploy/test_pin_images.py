"""deploy/pin_images.py writes the digests of a registry into compose.yaml and the Dockerfile."""

import hashlib
import importlib.util
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = ("compose.yaml", "Dockerfile")


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pin_images", DEPLOY / "pin_images.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(DEPLOY / name, tmp_path)
    return tmp_path


def digest(of: str) -> str:
    return f"sha256:{hashlib.sha256(of.encode()).hexdigest()}"


def images(folder: Path) -> set[str]:
    """Return the images of the compose file that are not built from the Dockerfile."""
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"].values()
    return {service["image"] for service in services if "build" not in service}


def test_every_image_of_others_gets_its_digest_and_keeps_its_tag(script: ModuleType, folder: Path) -> None:
    tags = {image.partition("@")[0] for image in images(folder)}

    pinned = script.pin(folder, digest)

    assert images(folder) == {f"{image}@{digest(image)}" for image in tags}
    assert set(pinned) == tags | {"python:3.11-slim-bookworm"}
    base = f"ARG PYTHON=3.11-slim-bookworm@{digest('python:3.11-slim-bookworm')}\n"
    assert base in (folder / "Dockerfile").read_text()


def test_pinning_again_replaces_the_digests(script: ModuleType, folder: Path) -> None:
    script.pin(folder, lambda image: digest(f"older {image}"))
    script.pin(folder, digest)
    twice = [(folder / name).read_text() for name in FILES]
    for name in FILES:
        shutil.copy(DEPLOY / name, folder)
    script.pin(folder, digest)

    assert [(folder / name).read_text() for name in FILES] == twice


@pytest.mark.parametrize("answer", ["", "sha256:abc", "sha512:" + "a" * 64])
def test_no_file_changes_when_a_digest_is_unknown(script: ModuleType, folder: Path, answer: str) -> None:
    before = [(folder / name).read_text() for name in FILES]

    with pytest.raises(script.Unknown):
        script.pin(folder, lambda image: answer if "qdrant" in image else digest(image))

    assert [(folder / name).read_text() for name in FILES] == before


def test_the_digest_is_the_hash_of_the_manifest_that_skopeo_prints(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skopeo = tmp_path / "skopeo"
    skopeo.write_text('#!/bin/sh\necho "$@" > "$0.asked"\nprintf "a manifest"\n')
    skopeo.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert script.resolve("valkey/valkey:8") == digest("a manifest")
    assert (tmp_path / "skopeo.asked").read_text() == "inspect --raw docker://docker.io/valkey/valkey:8\n"


def test_a_registry_that_cannot_be_reached_is_an_error(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skopeo = tmp_path / "skopeo"
    skopeo.write_text("#!/bin/sh\necho no route to host >&2\nexit 1\n")
    skopeo.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    with pytest.raises(script.Unknown, match="no route to host"):
        script.resolve("postgres:17")
