"""deploy/Dockerfile copies existing paths and installs pinned packages."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


def pinned(lock: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+==\S+)", (ROOT / "deploy" / lock).read_text(), re.MULTILINE))


def test_the_dockerfile_copies_existing_paths() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)

    assert copied
    assert all((ROOT / name).exists() for names in copied for name in names.split())


def test_the_image_runs_as_an_unprivileged_user() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]


def test_the_image_has_the_tested_versions_and_no_test_dependencies() -> None:
    runtime = pinned("runtime.lock")

    assert runtime < pinned("requirements.lock")
    assert not any(line.startswith(("pytest", "hypothesis", "mypy", "moto")) for line in runtime)


@pytest.mark.parametrize("lock", ["requirements.lock", "runtime.lock", "build.lock"])
def test_every_package_has_a_hash_and_no_index_address(lock: str) -> None:
    text = (ROOT / "deploy" / lock).read_text()

    assert "://" not in text
    assert text.count("==") <= text.count("--hash=sha256:")


@pytest.mark.services
def test_the_python_code_of_the_dockerfile_runs() -> None:
    programs = re.findall(r'python -c "(.+?)"', DOCKERFILE)

    assert len(programs) == 1
    for program in programs:
        run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=100)
        assert run.returncode == 0, run.stderr


def test_the_image_has_the_byte_code_of_what_is_imported_at_any_time() -> None:
    spec = importlib.util.spec_from_file_location("write_bytecode", ROOT / "deploy" / "write_bytecode.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    assert {"ingest.steps.parse.sandbox", "api.app", "workers.app"} <= set(script.own_modules())
    assert {"pypdfium2", "onnxruntime", "qdrant_edge", "lxml"} <= set(script.imported_names())


def test_the_tools_of_the_build_have_the_tested_versions() -> None:
    assert pinned("build.lock") < pinned("requirements.lock")


USE = """
import sys, api.app, workers.app, ingest.cli
from ingest.config import Settings
from ingest.steps.embed.local import LocalEmbedder
LocalEmbedder(Settings()).embed(["heron"])
print(*sys.modules)
"""


@pytest.mark.services
def test_the_service_never_imports_what_is_removed_from_the_image(tmp_path: Path) -> None:
    script = (ROOT / "deploy" / "slim.sh").read_text()
    removed = set(re.findall(r'rm -rf.* "\$packages"/(\w+) ', script)) | {"onnx", "hf_xet"}
    environment = {"PATH": "/usr/bin:/bin", "INGEST_REDIS_URL": "redis://127.0.0.1:1/0", "INGEST_DATA": str(tmp_path)}

    used = subprocess.run(
        [sys.executable, "-c", USE], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100
    )

    assert used.returncode == 0, used.stderr
    assert removed == {"onnx", "hf_xet", "huggingface_hub"}
    assert not removed & set(used.stdout.split())
