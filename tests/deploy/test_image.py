"""deploy/Dockerfile copies existing paths and installs pinned packages."""

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


@pytest.mark.parametrize("lock", ["requirements.lock", "runtime.lock"])
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


def test_the_image_compiles_all_python_3_modules() -> None:
    excluded = re.search(r"compileall -q -x '(.+?)'", DOCKERFILE)

    assert excluded is not None
    assert re.search(excluded[1], "/opt/ingest/lib/python3.11/site-packages/olefile/olefile2.py")
    assert not re.search(excluded[1], "/opt/ingest/lib/python3.11/site-packages/olefile/olefile.py")
